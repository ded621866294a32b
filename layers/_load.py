"""Finding layers: every public file of this folder, and of a city's own folder beside it."""

from __future__ import annotations

from importlib import import_module, util
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

from layers._layer import Layer, in_order

HERE = Path(__file__).parent


class BadLayer(ValueError):
    """A layer file that cannot be used; the sentence names the file and says how to mend it (Chinese)."""


def load(folder: Path | None = None) -> tuple[Layer, ...]:
    """All layers in drawing order. A file of `folder` that is called like one of ours takes its place.

    Raises BadLayer.
    """
    found = {name: _layer(import_module(f"layers.{name}"), HERE / f"{name}.py") for name in _names(HERE)}
    if folder is not None:
        if not folder.is_dir():
            raise BadLayer(f"BRAIN_LAYERS 指向的文件夹 {folder} 不存在，请改正或留空")
        found |= {name: _layer(_own(folder / f"{name}.py"), folder / f"{name}.py") for name in _names(folder)}
    return tuple(in_order(list(found.values())))


def _names(folder: Path) -> list[str]:
    return [m.name for m in iter_modules([str(folder)]) if not m.ispkg and not m.name.startswith("_")]


def _own(path: Path) -> ModuleType:
    spec = util.spec_from_file_location(f"layers_of_the_city_{path.stem}", path)
    assert spec is not None and spec.loader is not None, f"{path} is no Python file"
    module = util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as err:
        raise BadLayer(f"图层文件 {path} 读不进来：{type(err).__name__} {err}；请照 layers/ 里的文件改正") from err
    return module


def _layer(module: ModuleType, path: Path) -> Layer:
    layer = getattr(module, "LAYER", None)
    if not isinstance(layer, Layer):
        raise BadLayer(f"图层文件 {path} 里没有 LAYER = Layer(…)；请照 layers/ 里的文件补上")
    if layer.key != path.stem:
        raise BadLayer(f"图层文件 {path} 的 key 是“{layer.key}”，应与文件名相同；请改成一样")
    return layer
