"""Modules that hold others: in a row, in a list, under names, and beside a path that goes round them."""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from typing import Any, overload

from tinyxm.autograd import Array
from tinyxm.nn._checks import check_array
from tinyxm.nn.module import Module


class ModuleList(Module):
    """Modules under the names 0, 1, …: a list whose paths are short (`blocks.0.weight`), and which can be printed

    A plain list as an attribute belongs to its module just as well. Has a length, indices, slices, `append`, `extend`.
    Raises TypeError for what isn't a module.
    """

    def __init__(self, layers: Iterable[Module] = ()) -> None:
        self.extend(layers)

    @property
    def layers(self) -> list[Module]:
        return [layer for name, layer in vars(self).items() if name.isdigit()]

    def append(self, layer: Module) -> None:
        """Add a module at the end."""
        self._set(len(self), layer)

    def extend(self, layers: Iterable[Module]) -> None:
        """Add modules at the end."""
        for layer in layers:
            self.append(layer)

    def _set(self, i: int, layer: Module) -> None:
        if not isinstance(layer, Module):
            several = "; those of a list as Sequential(*layers)" if isinstance(self, Sequential) else ""
            raise TypeError(
                f"{type(self).__name__}: layer {i} is of type {type(layer).__name__}; "
                f"give modules one by one, such as nn.ReLU(){several}"
            )
        setattr(self, str(i), layer)

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Module]:
        return iter(self.layers)

    @overload
    def __getitem__(self, index: int) -> Module: ...
    @overload
    def __getitem__(self, index: slice) -> ModuleList: ...
    def __getitem__(self, index: int | slice) -> Module:
        if not isinstance(index, slice):
            return self.layers[index]
        part = Sequential() if isinstance(self, Sequential) else ModuleList()
        part.extend(self.layers[index])
        return part

    def __setitem__(self, index: int, layer: Module) -> None:
        self._set(range(len(self))[index], layer)


class Sequential(ModuleList):
    """One module after another: y = fₙ(… f₂(f₁(x))). Has a length, indices and slices; the names are 0, 1, …"""

    def __init__(self, *layers: Module) -> None:
        super().__init__(layers)

    def forward(self, x: Array) -> Array:
        for layer in self.layers:
            x = layer(x)
        return x


class ModuleDict(Module):
    """Modules by name, such as a tower for each modality: `towers["image"]`, whose path is `towers.image`

    Has what a dictionary has: `in`, `len`, `keys`, `values`, `items`, assignment and `del`. Raises TypeError for what
    isn't a module, ValueError for a name that is an attribute of every ModuleDict, such as "train", or holds a dot.
    """

    def __init__(self, modules: Mapping[str, Module] | None = None) -> None:
        for name, module in (modules or {}).items():
            self[name] = module

    def __setitem__(self, name: str, module: Module) -> None:
        if not isinstance(name, str) or not isinstance(module, Module):
            raise TypeError(f"ModuleDict: {name!r} is of type {type(module).__name__}; give modules, by strings")
        if not name or "." in name or hasattr(ModuleDict, name):
            raise ValueError(f"ModuleDict: {name!r} can't be the name of a module; choose one without a dot, not taken")
        setattr(self, name, module)

    def __getitem__(self, name: str) -> Module:
        return dict(self.children())[name]

    def __delitem__(self, name: str) -> None:
        del vars(self)[name]

    def __contains__(self, name: object) -> bool:
        return name in dict(self.children())

    def __len__(self) -> int:
        return len(dict(self.children()))

    def __iter__(self) -> Iterator[str]:
        return iter(dict(self.children()))

    def keys(self) -> KeysView[str]:
        return dict(self.children()).keys()

    def values(self) -> ValuesView[Module]:
        return dict(self.children()).values()

    def items(self) -> ItemsView[str, Module]:
        return dict(self.children()).items()


class Residual(Module):
    """y = projection(x) + module(x), the projection being x itself where none is given

    So the module learns what to add, and gradients pass it by unchanged. Further arguments are the module's. Raises
    ValueError where the two differ in shape: give a projection (such as a convolution of size 1) to that shape. Source:
    He, Zhang, Ren and Sun, "Deep residual learning for image recognition", CVPR 2016.
    """

    def __init__(self, module: Module, projection: Module | None = None) -> None:
        self.module, self.projection = module, projection

    def forward(self, x: Array, *args: Any, **kwargs: Any) -> Array:
        y = self.module(x, *args, **kwargs)
        check_array("Residual", y, "module(x)")
        x = x if self.projection is None else self.projection(x)
        if y.shape != x.shape:
            raise ValueError(f"Residual: module(x) is {y.shape}, what it's added to {x.shape}; give a projection to it")
        return x + y
