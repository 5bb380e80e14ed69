"""NumPy kernels: from a `Law` to a module that imports NumPy alone.

Law --formulas--> index IR --inputs--> arguments and sizes --printer--> NumPy lines --emit--> module text
"""

from symasym.codegen.numpy.compile import compile_kernel
from symasym.codegen.numpy.emit import emit

__all__ = ["compile_kernel", "emit"]
