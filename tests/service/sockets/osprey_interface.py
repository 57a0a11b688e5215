"""Osprey's published interface as modules, from docs/sockets/osprey-interface.json."""

import enum
import json
import sys
import types
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

import pluggy

from tests.real_server import ROOT

INTERFACE = json.loads((ROOT / "docs/sockets/osprey-interface.json").read_text(encoding="utf-8"))
VARIABLES = {name: TypeVar(name) for name in ("Arguments", "RValue", "KeyT", "ValueT", "HelperT")}


@contextmanager
def interface_modules() -> Iterator[None]:
    """Put the modules where an import finds them, and take them and what imported them away again."""
    names: dict[str, Any] = {"object": object, "Exception": Exception, "ABC": ABC, "Generic": Generic, **VARIABLES}
    made: dict[str, types.ModuleType] = {}
    for module, told in INTERFACE["modules"].items():
        made[module] = types.ModuleType(module)
        for name, fields in told.get("classes", {}).items():
            names[name] = _class_of(name, fields, names)
            setattr(made[module], name, names[name])
        for name, members in told.get("enums", {}).items():
            setattr(made[module], name, enum.Enum(name, members, type=str))
        for name, project in told.get("markers", {}).items():
            setattr(made[module], name, pluggy.HookimplMarker(project))
    packages = {module.rsplit(".", depth)[0] for module in made for depth in range(1, module.count(".") + 1)}
    made |= {package: types.ModuleType(package) for package in packages - made.keys()}
    assert not made.keys() & sys.modules.keys()
    sys.modules.update(made)
    try:
        yield
    finally:
        for module in (*made, "service.sockets.osprey"):
            sys.modules.pop(module, None)


def _class_of(name: str, told: dict[str, Any], names: dict[str, Any]) -> type:
    """Return a class with the bases, attributes and signatures that are told of it; its methods do nothing."""
    bases = tuple(eval(base, dict(names)) for base in told["bases"])  # "Generic[Arguments, RValue]"
    abstract = told.get("abstract", ())
    body: dict[str, Any] = dict(told.get("attributes", {}))
    body |= {method: _method(parameters, method in abstract) for method, parameters in told["methods"].items()}
    for method, parameters in told.get("class_methods", {}).items():
        body[method] = classmethod(_method(parameters, method in abstract))
    return types.new_class(name, bases, exec_body=lambda space: space.update(body))


def _method(parameters: list[str], is_abstract: bool) -> Callable[..., Any]:
    space: dict[str, Any] = {}
    exec(f"def method({', '.join(parameters)}): raise NotImplementedError", space)
    method: Callable[..., Any] = space["method"]
    return abstractmethod(method) if is_abstract else method
