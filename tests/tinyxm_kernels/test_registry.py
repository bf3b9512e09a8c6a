"""The registry: naming rungs, refusing them, finding a rung by its file, and leaving Numba alone."""

import json
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import tinyxm_kernels as kernels
from tinyxm_kernels import registry

SQUARE = np.ones((2, 2), np.float32)


@pytest.fixture(autouse=True)
def default_rules():
    kernels.use("default")
    yield
    kernels.use("default")


def run_python(code, **environment):
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)


@pytest.fixture
def room(tmp_path, monkeypatch):
    """A room of its own, `steps`, with a rung that works, one whose package is missing, and ones that are no rung."""
    package = tmp_path / "steps"
    package.mkdir()
    header = "from tinyxm_kernels.registry import rung\n"
    (package / "__init__.py").write_text(
        "from tinyxm_kernels.registry import operation\n"
        "def rule(x):\n    'fast where it is there, reference otherwise.'\n    return 'fast', 'reference'\n"
        "op = operation('double', __name__, flops=lambda x: x[0], elements=lambda x: 2 * x[0], rule=rule)\n"
    )
    (package / "reference.py").write_text(header + "@rung()\ndef double(x):\n    return x + x\n")
    (package / "fast.py").write_text(
        header + "@rung()\ndef double(x):\n    return x\n" + "import no_such_accelerator\n"
    )
    (package / "other.py").write_text("")
    (package / "picky.py").write_text(
        header + "@rung(dtypes=('float32',), accepts=lambda x: x.size < 3, needs='fewer than 3 elements')\n"
        "def double(x):\n    return 2 * x\n"
    )
    (package / "compiled.py").write_text(
        header + "@rung(dtypes=('float32',), accepts=lambda x: x.size > 0, backend='numba')\n"
        "def double(x):\n    return 2 * x\n"
    )
    (package / "stray.py").write_text(header + "@rung()\ndef matmul(a, b):\n    return a\n")
    (package / "typo.py").write_text(header + "@rung()\ndef duoble(x):\n    return x\n")
    (package / "_shared.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    import steps

    yield steps.op
    del registry._operations["double"], sys.modules["steps"]
    for name in [name for name in sys.modules if name.startswith("steps.")]:
        del sys.modules[name]
    for key in [key for key in registry._loaded if key[0] == "steps"]:
        del registry._loaded[key]
    registry.files_of.cache_clear()


def test_importing_the_package_imports_no_rung_and_no_numba():
    code = (
        "import sys, tinyxm_kernels as k; k.rules(); "
        "print([m for m in sys.modules if m in ('numba', 'scipy.sparse', 'tinyxm_kernels.matmul.blas')])"
    )
    assert run_python(code).stdout.strip() == "[]"


def test_numba_stays_out_when_kernels_run_on_their_defaults():
    code = (
        "import sys, numpy as n, tinyxm_kernels as k; a = n.ones((2, 2)); k.matmul(a, a); print('numba' in sys.modules)"
    )
    assert run_python(code).stdout.strip() == "False"


def test_the_default_is_the_rules_and_use_overrides_it():
    assert kernels.chosen("matmul", SQUARE, SQUARE).name == "blas"
    kernels.use("reference")
    assert kernels.chosen("matmul", SQUARE, SQUARE).name == "reference"
    kernels.use("matmul=blas, conv2d=patches")
    assert kernels.chosen("matmul", SQUARE, SQUARE).name == "blas"
    assert "matmul" in kernels.rules()
    assert "[now: blas]" in kernels.rules()
    kernels.use("default")
    assert "[now" not in kernels.rules()


def test_a_rung_applies_to_the_operations_that_have_it():
    kernels.use("reference")
    kernels.use("blas")
    now = {line.split()[0]: line.rpartition("[now: ")[2].rstrip("]") for line in kernels.rules().splitlines()}
    assert now["matmul"] == "blas"
    assert now["conv2d"] == now["embedding_bag"] == "reference"


def test_a_room_names_its_gradients_too():
    with kernels.using("conv2d=reference,conv2d_input_gradient=patches"):
        image, kernel = np.ones((1, 3, 3, 1)), np.ones((2, 2, 1, 1))
        assert kernels.chosen("conv2d", image, kernel, (1, 1), (0, 0)).name == "reference"
        assert kernels.chosen("conv2d_weight_gradient", image, image, (2, 2, 1, 1)).name == "reference"
        assert kernels.chosen("conv2d_input_gradient", image, kernel, (1, 3, 3, 1)).name == "patches"


def test_using_ends_with_its_block_even_after_an_error_and_nests():
    with kernels.using("reference"):
        with pytest.raises(ValueError, match="inner sizes"), kernels.using("matmul=default"):
            kernels.matmul(SQUARE, np.ones((3, 2)))
        assert kernels.chosen("matmul", SQUARE, SQUARE).name == "reference"
        with kernels.using("matmul=default"):
            assert kernels.chosen("matmul", SQUARE, SQUARE).name == "blas"
    assert kernels.chosen("matmul", SQUARE, SQUARE).name == "blas"


def test_using_is_this_threads_alone():
    seen = []
    with kernels.using("reference"):
        other = threading.Thread(target=lambda: seen.append(kernels.chosen("matmul", SQUARE, SQUARE).name))
        other.start()
        other.join()
    assert seen == ["blas"]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("quick", "no operation has a rung 'quick'; there are .*reference"),
        ("conv2d=blas", "conv2d has no rung 'blas'; there are reference, .*patches, .*default"),
        ("convolve=blas", "no operation 'convolve'; there are .*matmul"),
    ],
)
def test_an_unknown_name_is_an_error_that_lists_the_names(spec, message):
    with pytest.raises(ValueError, match=message):
        kernels.use(spec)
    assert kernels.chosen("matmul", SQUARE, SQUARE).name == "blas"


@pytest.mark.parametrize("choose", [kernels.use, lambda spec: kernels.using(spec).__enter__()])
def test_a_choice_is_text(choose):
    with pytest.raises(TypeError, match='choose rungs by text, such as "conv2d=patches" or "default", not None'):
        choose(None)


def test_the_environment_chooses_and_errs_like_use():
    code = "import numpy as n, tinyxm_kernels as k; a = n.ones((2, 2)); print(k.chosen('matmul', a, a).name)"
    assert run_python(code, TINYXM_KERNELS="matmul=reference").stdout.strip() == "reference"
    assert "TINYXM_KERNELS=quick: tinyxm_kernels: no operation has" in run_python(code, TINYXM_KERNELS="quick").stderr


def test_a_missing_package_falls_back_unless_the_rung_was_named(room):
    assert room.choose(np.ones(2))(np.ones(2)).tolist() == [2, 2]
    with pytest.raises(ValueError, match="double: rung fast is not available: ModuleNotFound"):
        kernels.use("double=fast")
    with pytest.raises(ValueError, match=r"other is not available: other\.py has no function under @rung"):
        kernels.use("steps=other")


def test_the_ladder_shows_what_is_missing_and_why(room):
    ladder = {rung.name: rung for rung in kernels.ladder("double")}
    assert list(ladder) == ["reference", "compiled", "fast", "other", "picky", "stray", "typo"]
    assert ladder["reference"].available
    assert not ladder["fast"].available
    assert ladder["fast"].reason == "ModuleNotFoundError: No module named 'no_such_accelerator'"
    assert ladder["other"].reason == "other.py has no function under @rung()"
    assert ladder["stray"].reason == "stray.py has a rung matmul, but the room's operations are double"
    assert ladder["typo"].reason == "typo.py has a rung duoble, but the room's operations are double"
    assert "stray" not in [rung.name for rung in kernels.ladder("matmul")]
    with pytest.raises(ValueError, match=r"double: rung typo is not available: typo\.py has a rung duoble"):
        kernels.use("steps=typo")


def test_a_named_rung_refuses_what_it_cannot_take(room):
    with kernels.using("picky"):
        assert room.choose(np.ones(2, np.float32))(np.ones(2, np.float32)).tolist() == [2, 2]
        with pytest.raises(TypeError, match="double: rung picky takes float32, not float64"):
            room.choose(np.ones(2))
        with pytest.raises(ValueError, match="double: rung picky takes fewer than 3 elements"):
            room.choose(np.ones(3, np.float32))
    with pytest.raises(TypeError, match="rung reference takes float32 or float64, not int64"):
        room.choose(np.ones(2, np.int64))


def test_flops_and_bytes_come_from_arrays_or_shapes():
    a, b = np.ones((5, 2, 3)), np.ones((3, 4))
    assert kernels.flops("matmul", a, b) == kernels.flops("matmul", (5, 2, 3), (3, 4)) == 5 * 2 * 2 * 3 * 4
    assert kernels.bytes_moved("matmul", a, b) == 8 * (30 + 12 + 40)
    assert kernels.bytes_moved("matmul", (5, 2, 3), (3, 4)) == 4 * (30 + 12 + 40)
    forward = kernels.flops("conv2d", (2, 8, 8, 3), (3, 3, 3, 4), padding=(1, 1))
    assert forward == 2 * (2 * 8 * 8) * (3 * 3 * 3 * 4)
    gradients = [
        kernels.flops("conv2d_input_gradient", (2, 8, 8, 4), (3, 3, 3, 4), (2, 8, 8, 3)),
        kernels.flops("conv2d_weight_gradient", (2, 8, 8, 4), (2, 8, 8, 3), (3, 3, 3, 4)),
    ]
    assert gradients == [forward, forward]


def test_every_operation_has_a_reference_a_rule_in_words_and_a_public_function():
    for name in kernels.operations():
        assert kernels.ladder(name)[0].name == "reference"
        assert callable(getattr(kernels, name))
    assert len(kernels.rules().splitlines()) == len(kernels.operations())
    assert all(len(line.split("  ", 1)[1].strip()) > 10 for line in kernels.rules().splitlines())


def test_a_backend_keeps_the_rule_to_its_rungs_and_imports_nothing_else():
    code = (
        "import sys, numpy as n, tinyxm_kernels as k; k.use('numpy'); a = n.ones((512, 512), n.float32)"
        "; k.matmul(a, a); print(k.chosen('matmul', a, a).name, 'now: numpy' in k.rules(), 'numba' in sys.modules)"
    )
    assert run_python(code).stdout.strip() == "blas True False"


def test_a_backend_is_named_as_a_rung_is(room, monkeypatch):
    (array,) = operands = (np.ones(2, np.float32),)
    monkeypatch.setattr(room, "rule", lambda x: ("picky", "compiled", "reference"))
    names = {}
    for spec in ("default", "double=numba", "steps=numpy", "numba"):
        with kernels.using(spec):
            names[spec] = kernels.chosen("double", *operands).name
    assert names == {"default": "picky", "double=numba": "compiled", "steps=numpy": "picky", "numba": "compiled"}
    with kernels.using("numba"):  # nobody named a rung, so operands that it doesn't take are no error
        assert room.choose(np.ones(2))(np.ones(2)).tolist() == [2, 2]
        assert kernels.chosen("double", np.ones(2)).name == "reference"
        with kernels.using("double=default"):
            assert kernels.chosen("double", array).name == "picky"
    monkeypatch.setattr(room, "rule", lambda x: ("compiled",))
    with kernels.using("numpy"):
        assert kernels.chosen("double", array).name == "reference"


def test_a_backend_that_is_missing_says_why(room, monkeypatch):
    with pytest.raises(ValueError, match="double has no rung of the backend cuda"):
        kernels.use("double=cuda")
    monkeypatch.setitem(registry.BACKENDS, "numba", "no_such_compiler")
    with pytest.raises(ValueError, match="numba is not available: no_such_compiler is not installed"):
        kernels.use("numba")


def test_a_file_says_the_backend_that_its_rungs_have():
    for name in kernels.operations():
        op = registry._operations[name]
        for rung in kernels.ladder(name):
            imports = vars(sys.modules[rung.function.__module__]).values() if rung.available else ()
            uses_numba = any("numba" in type(value).__module__ for value in imports)
            assert rung.backend == "numba" or not uses_numba, f'{name}: say @rung(backend="numba") in {rung.name}.py'
            assert rung.backend == registry.backend_of(op.room, rung.name), (name, rung.name)
        assert registry.backend_of(op.room, "reference") == "numpy"


def test_measured_rungs_are_chosen_by_size_and_dtype_and_only_on_request(tmp_path, monkeypatch):
    file = tmp_path / "tuned.json"
    rows = [{"up_to": 16, "rung": "reference"}, {"dtype": "float32", "rung": "packed"}]
    file.write_text(json.dumps({"matmul": rows}))
    monkeypatch.setenv("TINYXM_TUNED", str(file))
    names = {}
    for size, dtype in ((2, "float32"), (3, "float32"), (3, "float64")):
        a = np.ones((size, size), dtype)
        assert kernels.chosen("matmul", a, a).name == "blas"
        with kernels.using("tuned"):
            names[size, dtype] = kernels.chosen("matmul", a, a).name
            assert kernels.chosen("embedding_bag", np.ones((2, 2)), np.zeros(1, int), np.zeros(1, int)).available
    assert names == {(2, "float32"): "reference", (3, "float32"): "packed", (3, "float64"): "blas"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "nothing was measured: .*tuned.json: No such file or directory; `tinyxm bench --tune` writes it"),
        ("{", "isn't what `tinyxm bench --tune` writes: JSONDecodeError"),
        ('{"matmul": [{"up_to": 3}]}', "isn't what `tinyxm bench --tune` writes: KeyError"),
        ('{"matmul": [{"rung": "magic"}]}', "matmul has no rung 'magic'; measure again"),
        ('{"product": []}', "no operation 'product'"),
    ],
)
def test_a_file_of_measured_rungs_that_is_missing_or_wrong_says_so(tmp_path, monkeypatch, content, message):
    monkeypatch.setenv("TINYXM_TUNED", str(tmp_path / "tuned.json"))
    registry._measured.cache_clear()
    if content is not None:
        (tmp_path / "tuned.json").write_text(content)
    with pytest.raises(ValueError, match=message):
        kernels.use("tuned")
