"""Who acts and what he may see: accounts, passwords, sessions, rosters, the audit trail, push keys, and the one Sight.

May import model, catalog, rules and store; flow, engine, report, web and commands import it. Start reading at `scope.py`.
"""
