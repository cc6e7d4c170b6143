"""The OpenAPI description, and a page that shows it without a script from anywhere."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from desktop_app.web.access import Identity, Role
from desktop_app.web.api import context_of
from desktop_app.web.security import needs

router = APIRouter(prefix="/api/v1", include_in_schema=False)
See = Annotated[Identity, Depends(needs(Role.SEE))]

_METHODS = ("get", "post", "put", "patch", "delete")


def describe(app: Any) -> dict[str, Any]:
    """Return the OpenAPI description of an application, with the two ways of signing in."""
    found: dict[str, Any] = app.openapi()
    schemes = found.setdefault("components", {}).setdefault("securitySchemes", {})
    if not schemes:
        _describe_problems(found)
        schemes["token"] = {"type": "http", "scheme": "bearer", "description": "A token of “headcount serve”."}
        schemes["cookie"] = {
            "type": "apiKey",
            "in": "cookie",
            "name": "headcount",
            "description": "A signed-in browser.",
        }
        found["security"] = [{"token": []}, {"cookie": []}]
    return found


def _describe_problems(description: dict[str, Any]) -> None:
    """Let every answer from 400 on be what it is here: problem details. FastAPI describes its own kind."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
    for methods in description["paths"].values():
        for operation in methods.values():
            for status, answer in operation["responses"].items():
                if status >= "4" and not (status == "503" and "content" not in answer):
                    answer["content"] = content
            if "422" in operation["responses"]:
                operation["responses"]["422"]["description"] = "Not understood"
    for name in ("HTTPValidationError", "ValidationError"):
        description["components"]["schemas"].pop(name, None)


@router.get("/openapi.json")
async def openapi(request: Request, _: See) -> Response:
    return JSONResponse(describe(request.app))


@router.get("/docs", name="api_docs")
async def docs(request: Request, _: See) -> Response:
    """The operations by subject, each with its parameters, answers and an example."""
    description = describe(request.app)
    values = {"description": description, "subjects": operations(description)}
    return context_of(request).templates.TemplateResponse(request, "api_docs.html", values)


def operations(description: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return what the page shows: by subject (tag), one dictionary an operation."""
    subjects: dict[str, list[dict[str, Any]]] = {}
    schemas = description["components"]["schemas"]
    for path, methods in description["paths"].items():
        for method in _METHODS:
            if method not in methods:
                continue
            operation = methods[method]
            body = operation.get("requestBody", {}).get("content", {})
            good = next(iter(operation["responses"].items()))
            subjects.setdefault((operation.get("tags") or ["other"])[0], []).append(
                {
                    "method": method.upper(),
                    "path": path,
                    "summary": operation.get("summary", ""),
                    "description": operation.get("description", ""),
                    "parameters": [{**p, "meaning": _meaning(p)} for p in operation.get("parameters", [])],
                    "takes": [(kind, _example(value.get("schema", {}), schemas)) for kind, value in body.items()],
                    "status": good[0],
                    "gives": [
                        (kind, _example(value.get("schema", {}), schemas))
                        for kind, value in good[1].get("content", {}).items()
                    ],
                    "problems": {k: v.get("description", "") for k, v in operation["responses"].items() if k >= "4"},
                }
            )
    return subjects


def _meaning(parameter: dict[str, Any]) -> str:
    """Return what a parameter is for, and what it may be."""
    schema = parameter.get("schema", {})
    schema = next((s for s in schema.get("anyOf", []) if s.get("type") != "null"), schema)
    words = [parameter.get("description", "")]
    if schema.get("enum"):
        words.append("one of " + ", ".join(map(str, schema["enum"])))
    if "minimum" in schema and "maximum" in schema:
        words.append(f"{schema['minimum']} to {schema['maximum']}")
    if parameter.get("schema", {}).get("default") not in (None, [], False):
        words.append(f"{parameter['schema']['default']} if not given")
    return "; ".join(word for word in words if word)


def _example(schema: dict[str, Any], schemas: dict[str, Any]) -> str:
    """Return an example of a schema as indented JSON, "" for what is no JSON."""
    value = _value(schema, schemas, 0)
    return "" if value is None else json.dumps(value, indent=2, ensure_ascii=False)


def _value(schema: dict[str, Any], schemas: dict[str, Any], depth: int) -> Any:
    if "$ref" in schema:
        schema = schemas.get(schema["$ref"].rpartition("/")[2], {})
    if schema.get("examples"):
        return schema["examples"][0]
    for key in ("const", "default"):
        if schema.get(key) not in (None, "", [], {}):
            return schema[key]
    if schema.get("enum"):
        return schema["enum"][0]
    if schema.get("anyOf") or schema.get("allOf"):
        return _value((schema.get("anyOf") or schema["allOf"])[0], schemas, depth)
    kind = schema.get("type")
    if depth > 6 or schema.get("format") == "binary":
        return None
    if kind == "object":
        if "properties" in schema:
            return {name: _value(part, schemas, depth + 1) for name, part in schema["properties"].items()}
        more = schema.get("additionalProperties")
        return {"...": _value(more, schemas, depth + 1)} if isinstance(more, dict) else {}
    if kind == "array":
        if "prefixItems" in schema:
            return [_value(part, schemas, depth + 1) for part in schema["prefixItems"]]
        return [_value(schema.get("items", {}), schemas, depth + 1)]
    samples = {"integer": 1, "number": 0.5, "boolean": True, "string": "text"}
    if schema.get("format") == "date-time":
        return "2026-05-12T09:00:00+02:00"
    return samples.get(str(kind))
