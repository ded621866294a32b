"""Pages without Dash: log-in, change of password, "not for your role", "no such page". A few hundred bytes of HTML each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from brain.city import HERE, ZONE

PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · 城市大脑 lite</title><link rel="icon" href="/assets/favicon.svg"><link rel="stylesheet" href="/assets/door.css"></head>
<body class="door"><main>{body}</main></body></html>"""

BRAND = f"""<header><svg viewBox="0 0 32 32" width="40" height="40" aria-hidden="true"><rect width="32" height="32" rx="7" fill="#0E7C6B"/>
<path d="M6 19c3-5 6-5 9 0s6 5 11-3" fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round"/>
<circle cx="23" cy="10" r="2.6" fill="#fff"/></svg><div><h1>{escape(HERE.name)}城市运行态势</h1><p>城市大脑 lite</p></div></header>"""


def document(title: str, body: str) -> str:
    """A whole page; `body` is HTML already escaped."""
    return PAGE.format(title=escape(title), body=body)


def _error(text: str) -> str:
    return f'<p class="error" role="alert">{escape(text)}</p>' if text else ""


def login(onward: str = "", *, name: str = "", error: str = "", said: str = "") -> str:
    """The log-in form. `onward`: local address to go to afterwards; `said`: why one is here ("ended", "out")."""
    notes = {"ended": "登录已结束：长时间没有操作、在别处被退出，或账号有变动。请重新登录。", "out": "已退出登录。"}
    note = f'<p class="note">{notes[said]}</p>' if said in notes and not error else ""
    return document(
        "登录",
        f"""{BRAND}<form method="post" action="/login">{note}{_error(error)}
<input type="hidden" name="next" value="{escape(onward, quote=True)}">
<label>账号<input name="login" value="{escape(name, quote=True)}" autocomplete="username" required {"" if name else "autofocus"}></label>
<label>口令<input name="password" type="password" autocomplete="current-password" required {"autofocus" if name else ""}></label>
<button>登录</button></form><footer>连续输错后要等一会儿才能再试；忘记口令请找系统管理员。</footer>""",
    )


def password(name: str, *, forced: bool, home: str, error: str = "") -> str:
    """The form to change one's password; forced ones cannot be left."""
    why = "首次登录或口令到期，请先设一个新口令。" if forced else "修改后，其他地方的登录会全部退出。"
    back = "" if forced else f'<a href="{escape(home, quote=True)}">返回</a>'
    leave = '<form method="post" action="/logout" class="leave"><button class="quiet">退出登录</button></form>'
    return document(
        "修改口令",
        f"""{BRAND}<form method="post" action="/password"><p class="note">{escape(name)}：{why}</p>{_error(error)}
<label>现在的口令<input name="old" type="password" autocomplete="current-password" required autofocus></label>
<label>新口令<input name="new" type="password" autocomplete="new-password" minlength="8" required></label>
<label>再输一次新口令<input name="again" type="password" autocomplete="new-password" minlength="8" required></label>
<button>保存</button></form><footer>至少 8 位（管理员 12 位），含大写、小写、数字、符号中的三类；不能与最近 5 次相同，
不能是常见口令，不能含姓名、登录名、电话。<a href="/sessions">登录着的地方</a> {back}</footer>{leave}""",
    )


def sessions(listed: Sequence[Mapping[str, Any]], *, home: str, error: str = "") -> str:
    """A person's open sessions, each with a button that ends it."""
    rows = "".join(
        f"""<li><b>{escape(device_words(one["agent"]))}{"（本机）" if one["mine"] else ""}</b>
<span>{escape(one["ip"] or "地址不明")} · {one["created_at"].astimezone(ZONE):%m-%d %H:%M} 登录 ·
最近使用 {one["seen_at"].astimezone(ZONE):%m-%d %H:%M}</span>
<form method="post" action="/sessions"><input type="hidden" name="id" value="{escape(one["id"], quote=True)}">
<button class="quiet">退出</button></form></li>"""
        for one in listed
    )
    return document(
        "登录着的地方",
        f"""{BRAND}<section class="sessions"><h2>登录着的地方</h2>{_error(error)}<ul>{rows}</ul>
<p class="note">有不认识的，先点“退出”，再<a href="/password">修改口令</a>。</p>
<p><a class="button" href="{escape(home, quote=True)}">返回</a></p></section>""",
    )


_SYSTEMS = (("Android", "安卓手机"), ("iPhone", "苹果手机"), ("iPad", "iPad"), ("Harmony", "鸿蒙设备"), ("Windows", "Windows 电脑"),
            ("Mac OS", "苹果电脑"), ("Linux", "Linux 电脑"))  # fmt: skip
_BROWSERS = (("MicroMessenger", "微信"), ("Edg", "Edge"), ("Firefox", "火狐"), ("Chrome", "Chrome"), ("Safari", "Safari"))


def device_words(agent: str) -> str:
    """What a browser says of itself, in two words a person recognises."""
    system = next((words for sign, words in _SYSTEMS if sign in agent), "其他设备")
    browser = next((words for sign, words in _BROWSERS if sign in agent), "程序")
    return f"{system} · {browser}"


def refused(title: str, role_word: str, home: str) -> str:
    """A page that this role may not open."""
    return document(
        "没有权限",
        f"""{BRAND}<section><h2>“{escape(title)}”不对您的角色开放</h2>
<p>您现在的角色是{escape(role_word)}。需要使用时，请系统管理员调整您的角色。</p>
<p><a class="button" href="{escape(home, quote=True)}">回到我的首页</a></p></section>""",
    )


def missing() -> str:
    """No page at this address."""
    return document(
        "没有这个页面",
        f"""{BRAND}<section><h2>没有这个页面</h2><p>地址可能写错了，或者页面已经移走。</p>
<p><a class="button" href="/">回到首页</a></p></section>""",
    )
