"""How the API says no: every failure is {"error": one plain Chinese sentence, "code": short word}, whoever raised it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
from fastapi import HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from brain.model import Refused

log = logging.getLogger(__name__)
STATUS = {
    "unknown": 404,
    "photo": 422,
    "digest": 422,
    "category": 422,
    "title": 422,
    "place": 422,
    "outside": 422,
    "key": 422,
    "theme": 422,
    "form": 422,
    "role": 403,
    "audit": 503,
}
"""Refusals that are not a conflict with what stands (409): no such thing, a field to mend, not his to do, or (503) nothing
can be done while the audit trail cannot be written: the phone keeps it and tries again."""

FIELDS = {
    "category": "类别", "title": "标题", "description": "描述", "address": "地点", "lng": "经度", "lat": "纬度", "crs": "坐标系",
    "photos": "照片", "client_key": "请求编号", "idempotency-key": "请求编号", "source": "来源", "reason": "原因", "note": "说明",
    "org": "承办单位", "handler_id": "承办人", "condition": "条件", "case": "情形", "passed": "结果", "ratings": "评价",
    "response": "是否及时联系", "solved": "是否解决", "satisfied": "满意程度", "until": "截止时间", "expect_version": "版本",
    "sha256": "照片摘要", "phase": "照片阶段", "taken_at": "拍摄时间", "file": "照片文件", "id": "编号", "verb": "动作", "ids": "消息编号",
    "self_handled": "自行处置", "size": "每页条数", "before": "起始编号", "since": "开始时间", "state": "状态", "level": "级别",
    "theme": "专题", "body": "请求内容", "place": "地域", "q": "搜索词", "mine": "与我有关",
}  # fmt: skip
"""How a field is called on a form."""

SAYINGS = {
    "missing": "没有填写",
    "string_too_long": "太长，最多 {max_length} 字",
    "string_too_short": "太短，至少 {min_length} 字",
    "too_long": "太多，最多 {max_length} 项",
    "too_short": "太少，至少 {min_length} 项",
    "greater_than_equal": "不能小于 {ge:g}",
    "less_than_equal": "不能大于 {le:g}",
    "string_pattern_mismatch": "写法不对，或含有不能保存的字符",
    "extra_forbidden": "是不认识的字段，请去掉",
    "json_invalid": "不是合法的 JSON",
    "timezone_aware": "要带时区，例如 2026-09-03T10:00:00+08:00",
    "finite_number": "不是有限的数",
}
"""Why a value was refused, by pydantic's kind of the error."""
STEMS = {
    "uuid": "不是 UUID",
    "int": "不是整数",
    "float": "不是数字",
    "bool": "不是 true 或 false",
    "datetime": "不是时间，例如 2026-09-03T10:00:00+08:00",
    "string": "不是文字",
    "list": "不是列表",
}
"""What a value is not, by how pydantic's kind of the error begins."""


def failed(status: int, error: str, code: str, **more: Any) -> JSONResponse:
    return JSONResponse({"error": error, "code": code} | more, status, {"Cache-Control": "no-store"})


def _bounds(kind: str, limits: dict[str, Any]) -> str | None:
    """Why a value was refused, as far as it can be said from the kind of the error alone."""
    if kind in SAYINGS:
        return SAYINGS[kind].format(**limits)
    if kind in ("enum", "literal_error"):
        return f"只能取 {str(limits.get('expected', '')).replace(' or ', '、').replace(', ', '、')}"
    for stem, words in STEMS.items():
        if kind.startswith(stem):
            return words
    return None


def sentence(errors: Sequence[Any]) -> tuple[str, list[dict[str, str]]]:
    """(one sentence, [{field, error}]) of what pydantic found wrong, with the fields' Chinese names."""
    found = []
    for err in errors:
        names = [
            str(part) for part in err["loc"][1:] if not isinstance(part, int)
        ]  # the first says body, query, path …
        name = names[-1].lower() if names else "body"
        said = _bounds(err["type"], err.get("ctx") or {}) or "的值不对"
        found.append({"field": name, "error": f"{FIELDS.get(name, name)}{said}"})
    return "；".join(dict.fromkeys(f["error"] for f in found)) + "。请改正后再提交", found


class Plain(APIRoute):
    """A route whose failures are told in one shape, and whose answers no cache keeps (they are about people).

    Why a route class and not handlers of the application: the pages beside us answer failures with pages.
    """

    most = 2**20  # bytes of a body; checked before a byte of it is read

    def get_route_handler(self) -> Callable[[Request], Any]:
        handle = super().get_route_handler()

        async def plain(request: Request) -> Response:
            if request.method not in ("GET", "HEAD"):
                length = request.headers.get("content-length", "")
                if not length.isdecimal():
                    return failed(411, "请求要写明长度（Content-Length）", "length")
                if int(length) > self.most:
                    return failed(413, f"内容太大，最多 {self.most // 2**20} MB", "too_large")
            try:
                response = await handle(request)
            except Refused as err:
                return failed(STATUS.get(err.code, 409), str(err), err.code)
            except RequestValidationError as err:
                error, fields = sentence(err.errors())
                return failed(422, error, "invalid", fields=fields)
            except HTTPException as err:
                detail: Any = err.detail  # ours are dicts; a type checker reads Starlette's, which are text
                if isinstance(detail, dict):
                    return failed(err.status_code, detail["message"], detail["code"])
                return failed(err.status_code, "请求读不懂，请检查格式后再试", "bad_request")
            except (psycopg.DataError, UnicodeEncodeError, OverflowError) as err:
                log.warning("%s %s brought what cannot be kept (%s)", request.method, request.url.path, type(err).__name__)
                return failed(422, "请求里有不能保存的值（空字符、不完整的字符或超出范围的时间、数字），请改正后再试", "value")
            response.headers.setdefault("Cache-Control", "no-store")
            return response

        return plain
