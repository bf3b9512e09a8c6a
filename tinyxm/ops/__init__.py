"""The operations, each in one place: its forward rule on arrays and one adjoint per input.

Each file is a family, and its `__all__` says what it offers: `xm.ops.exp` is `exp` of `elementwise.py`. NumPy's own
functions call the operations when given Tensors, and so do operators and methods, which `methods.py` attaches:
`np.exp(t)` is `ops.exp(t)`, and `t.sum()` is `ops.sum(t)`.
"""

import inspect

from tinyxm.ops import methods
from tinyxm.ops.activation import *
from tinyxm.ops.attention import *
from tinyxm.ops.contrastive import *
from tinyxm.ops.conv import *
from tinyxm.ops.cross_entropy import *
from tinyxm.ops.ctc import *
from tinyxm.ops.einsum import *
from tinyxm.ops.elementwise import *
from tinyxm.ops.embedding import *
from tinyxm.ops.index import *
from tinyxm.ops.linalg import *
from tinyxm.ops.linear import *
from tinyxm.ops.loss import *
from tinyxm.ops.norm import *
from tinyxm.ops.pooling import *
from tinyxm.ops.reduce import *
from tinyxm.ops.resize import *
from tinyxm.ops.shape import *
from tinyxm.ops.spectral import *

__all__ = sorted(name for name, value in globals().items() if inspect.isfunction(value))
methods.attach()
