"""Rule types: one file each, and the file is the registration; only `rules.registry` imports them, by the names of the files.

To add one: write `types/<name>.py` with `TYPE = Type("<name>", "<its Chinese name>")`, `PARAMS` (a `rules.params.Param` for
each parameter, with the sentence that a city reads when it writes it wrongly), a pure `grade(rule, station, trail, held,
now) -> Graded` that always hands back its evidence, as a function that is called only when somebody asks, and
`say(rule, graded) -> str`, the Chinese sentence of a change. Nothing else: the catalog then knows `type = "<name>"`, checks
its `params`, and `rules.thresholds.judge` asks it. What a hold says is made from the evidence by `rules.explaining`.

Start reading at `state.py`, the smallest one; `rules.contract` holds the shapes, `rules.hysteresis` the machine that most use.
"""
