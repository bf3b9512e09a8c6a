"""A kernel of a few lines, launched in the simulator, and what it found."""

import numpy as np

from tinyxm_kernels import simt


def launch(body, arguments, grid=1, block=32, parameters="float *x, int n", shared=0, before="", **options):
    source = f'{before}\nextern "C" __global__ void f({parameters})\n{{\n{body}\n}}\n'
    return simt.Program(source).launch("f", grid, block, arguments, shared, **options)


def kinds(run):
    return [finding.kind for finding in run.findings]


def floats(count):
    return np.zeros(count, np.float32)
