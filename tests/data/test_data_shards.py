import hashlib
import json
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

from tinyxm.data import Samples, Shards, ShardWriter, batches, order, stream, stream_order, write_shards

LONG = 100


def made(n=LONG, first=0):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (LONG, 4, 4, 3), dtype=np.uint8)
    sounds = [rng.normal(size=(k % 7, 2)).astype(np.float32) if k % 5 else None for k in range(LONG)]
    whole = Samples(
        {
            "image": image,
            "vector": rng.normal(size=(LONG, 3)),
            "sound": sounds,
            "text": [f"text é {k}" if k % 4 else None for k in range(LONG)],
            "keywords": [[f"a{k}", "b"] for k in range(LONG)],
        },
        ids=[f"id{k}" for k in range(LONG)],
        groups={"family": np.arange(LONG) // 3, "style": np.where(np.arange(LONG) % 2, "ink", "paint")},
        present={"vector": np.arange(LONG) != 41},
    )
    return whole[first : first + n]


def assert_alike(one, other):
    assert one.ids == other.ids
    assert set(one.modalities) == set(other.modalities)
    for name in one.modalities:
        np.testing.assert_array_equal(one.present[name], other.present[name])
        a, b = one[name], other[name]
        if isinstance(a, np.ndarray):
            np.testing.assert_array_equal(a, b)
            assert a.dtype == b.dtype
            continue
        for x, y in zip(a, b, strict=True):
            if isinstance(x, np.ndarray):
                np.testing.assert_array_equal(x, y)
                assert x.dtype == y.dtype
            else:
                assert x == y
    for name in one.groups:
        np.testing.assert_array_equal(one.groups[name], other.groups[name])


@pytest.fixture
def folder(tmp_path):
    write_shards(tmp_path / "set", (made(n, first) for first, n in ((0, 30), (30, 1), (31, 69))), 3000)
    return tmp_path / "set"


def test_what_was_written_is_read(folder):
    shards, whole = Shards(folder, verify=True), made()
    assert len(shards.sizes) > 4
    assert shards.complete
    assert len(shards) == LONG
    assert_alike(shards[:], whole)
    some = [99, 3, 41, 40, 3, 57, 0]
    assert_alike(shards[some], whole[some])
    assert_alike(shards[np.arange(LONG) % 9 == 0], whole[np.arange(LONG) % 9 == 0])
    assert len(shards[[]]) == 0
    assert shards.verify() == []
    assert "100 samples" in repr(shards)
    with pytest.raises(IndexError, match="there are 100 samples"):
        shards[[100]]
    with pytest.raises(TypeError, match=r"shards\[\[3\]\]"):
        shards[3]


def test_the_files_are_plain_npy_with_right_checksums(folder):
    index = json.loads((folder / "index.json").read_text())
    assert {path.name for path in folder.iterdir()} == {
        "index.json",
        *(name for shard in index["shards"] for name in shard["files"]),
    }
    first = index["shards"][0]
    np.testing.assert_array_equal(
        np.load(folder / "00000.image.npy", allow_pickle=False), made()["image"][: first["samples"]]
    )
    values, offsets = (np.load(folder / f"00000.text.{part}.npy") for part in ("values", "offsets"))
    assert values[offsets[1] : offsets[2]].tobytes().decode() == "text é 1"
    for name, told in first["files"].items():
        data = (folder / name).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (told["bytes"], told["sha256"])


def test_batches_of_shards_are_those_of_the_samples_in_memory(folder):
    for one, other in zip(batches(Shards(folder), 16, 3, 1), batches(made(), 16, 3, 1), strict=True):
        assert_alike(one, other)


@pytest.mark.parametrize("at", [0, 1, 2, 5])
def test_an_interrupted_writing_goes_on(tmp_path, at, folder):
    def parts(fail):
        for k in range(10):
            if fail and k == at:
                raise RuntimeError("power cut")
            yield made(10, 10 * k)

    target = tmp_path / "other"
    with pytest.raises(RuntimeError, match="power cut"):
        write_shards(target, parts(True), 3000)
    (target / ".00009.image.npy.xyz").write_bytes(b"half a file")
    (target / "00099.image.npy").write_bytes(b"written, but not in the index")
    if at == 5:
        half = Shards(target)
        assert not half.complete
        assert "not complete" in repr(half)
        assert_alike(half[:], made(len(half)))
        assert ShardWriter(target, 3000).written == len(half)
    write_shards(target, parts(False), 3000)
    assert {p.name for p in target.iterdir()} == {p.name for p in folder.iterdir()}
    assert all((target / p.name).read_bytes() == p.read_bytes() for p in folder.iterdir() if p.name != "index.json")
    with pytest.raises(ValueError, match="holds a complete set"):
        ShardWriter(target)


def test_a_killed_process_leaves_whole_shards_alone(tmp_path):
    code = f"""
import os, sys
sys.path.insert(0, {str(os.path.dirname(__file__))!r})
from test_data_shards import made
from tinyxm.data import ShardWriter, shards
replaced = [0]
real = os.fsync
def fsync(handle):
    replaced[0] += 1
    if replaced[0] == 40:
        os._exit(9)
    real(handle)
os.fsync = fsync
with ShardWriter({str(tmp_path / "set")!r}, 3000) as writer:
    writer.add(made())
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    half = Shards(tmp_path / "set", verify=True)
    assert 0 < len(half) < LONG
    assert_alike(half[:], made(len(half)))
    assert_alike(write_shards(tmp_path / "set", made(), 3000)[:], made())


def test_damage_is_refused_or_left_out(folder):
    path = folder / "00001.image.npy"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert len(Shards(folder)) == LONG  # of the same size: only the checksum tells
    assert Shards(folder).verify() == [f"shard 1: {path} isn't as it was written: its checksum differs"]
    with pytest.raises(ValueError, match="checksum differs; write it anew"):
        Shards(folder, verify=True)
    path.write_bytes(data[:-5])
    with pytest.raises(ValueError, match=r"00001\.image\.npy has \d+ bytes, not"):
        Shards(folder)
    rest = Shards(folder, damaged="skip")
    size = json.loads((folder / "index.json").read_text())["samples_per_shard"]
    assert len(rest) == LONG - size
    assert "left out: shard 1" in repr(rest)
    assert_alike(rest[[size]], made(1, 2 * size))
    path.unlink()
    assert "is missing" in Shards(folder, damaged="skip").faults[0]
    with pytest.raises(ValueError, match="damaged 'mend'"):
        Shards(folder, damaged="mend")


def changed(folder, change):
    path = folder / "index.json"
    index = json.loads(path.read_text())
    change(index)
    path.write_text(json.dumps(index))
    return pytest.raises(ValueError, match=r"^shards: ")


def test_an_index_cannot_lead_out_of_the_folder(folder, tmp_path):
    secret = tmp_path / "secret.npy"
    np.save(secret, np.arange(3))
    told = {"bytes": secret.stat().st_size, "sha256": hashlib.sha256(secret.read_bytes()).hexdigest()}

    def outside(name):
        def change(index):
            index["shards"][0]["files"] = {name: told}

        return change

    for name in ("../secret.npy", "/etc/passwd", "..\\secret.npy", str(secret), "00000.image.npy/../x.npy"):
        with changed(folder, outside(name)):
            Shards(folder)
    with changed(folder, lambda index: index["fields"].update({"../../secret": index["fields"]["image"]})):
        Shards(folder)


def test_a_link_out_of_the_folder_is_refused(folder, tmp_path):
    path = folder / "00000.vector.npy"
    path.rename(tmp_path / "elsewhere.npy")
    try:
        path.symlink_to(tmp_path / "elsewhere.npy")
    except OSError:
        pytest.skip("this system makes no links")
    with pytest.raises(ValueError, match="leads out of the folder"):
        Shards(folder)


class Trap:
    def __reduce__(self):
        return (os.mkdir, (os.environ["TRAP"],))


def test_a_pickle_is_never_loaded(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("TRAP", str(tmp_path / "sprung"))
    path = folder / "00000.image.npy"
    np.save(path, np.array([Trap()] * 3, object), allow_pickle=True)
    index = json.loads((folder / "index.json").read_text())
    index["shards"][0]["files"][path.name] = {
        "bytes": path.stat().st_size,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    (folder / "index.json").write_text(json.dumps(index))
    with pytest.raises(ValueError, match="unpickled"):
        Shards(folder)[[0]]
    path.write_bytes(pickle.dumps(Trap()))
    index["shards"][0]["files"][path.name]["bytes"] = path.stat().st_size
    (folder / "index.json").write_text(json.dumps(index))
    with pytest.raises(ValueError, match="can't be read"):
        Shards(folder)[[0]]
    with changed(folder, lambda index: index["fields"]["image"].update(dtype="|O")):
        Shards(folder)
    assert not (tmp_path / "sprung").exists()
    with pytest.raises(TypeError, match="object"):
        write_shards(tmp_path / "new", Samples({"x": np.array([Trap()], object)}))


@pytest.mark.parametrize(
    "change",
    [
        lambda index: index.update(version=2),
        lambda index: index.update(format="other"),
        lambda index: index.pop("fields"),
        lambda index: index.update(shards=[]),
        lambda index: index["shards"][0].update(samples=-1),
        lambda index: index["shards"][0].update(samples="3"),
        lambda index: index["shards"][0]["files"].popitem(),
        lambda index: index["fields"]["image"].update(shape=[4, "4", 3]),
        lambda index: index["fields"]["image"].update(kind="pickle"),
        lambda index: index.update(shards=[3]),
        lambda index: index.update(complete="yes"),
    ],
)
def test_a_wrong_index_is_one_line(folder, change):
    with changed(folder, change) as caught:
        Shards(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "spoilt", "what"),
    [
        ("00000.image.npy", lambda x: x[:3], r"'image' is \|u1 \(3, 4, 4, 3\), not"),
        ("00000.image.npy", lambda x: x.astype(np.float32), "'image' is <f4"),
        ("00000.text.offsets.npy", lambda x: x[::-1].copy(), "'text' has offsets that don't go up"),
        ("00000.text.offsets.npy", lambda x: x - 1, "'text' has offsets that don't go up"),
        ("00000.text.offsets.npy", lambda x: x[:-1], "'text' has offsets <i8"),
        ("00000.sound.values.npy", lambda x: x[:, :1].copy(), r"'sound' has values <f4"),
    ],
)
def test_arrays_that_do_not_fit_the_index_are_refused(folder, name, spoilt, what):
    path = folder / name
    np.save(path, spoilt(np.load(path)))
    index = json.loads((folder / "index.json").read_text())
    index["shards"][0]["files"][name]["bytes"] = path.stat().st_size
    (folder / "index.json").write_text(json.dumps(index))
    with pytest.raises(ValueError, match=what):
        Shards(folder)[[0]]


def test_writing_refuses_in_one_line(tmp_path):
    with pytest.raises(ValueError, match="no index"):
        Shards(tmp_path)
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(ValueError, match=r"other files, such as 'mine\.txt'"):
        ShardWriter(tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "precious"
    with pytest.raises(ValueError, match="no sample was written"):
        write_shards(tmp_path / "a", made(0))
    with pytest.raises(ValueError, match=r"the name '\.\./x'"):
        write_shards(tmp_path / "b", Samples({"../x": ["a"]}))
    with pytest.raises(TypeError, match="layout can't be told"):
        write_shards(tmp_path / "c", Samples({"x": [None]}))
    with pytest.raises(TypeError, match="first axis alone"):
        write_shards(tmp_path / "d", Samples({"x": [np.zeros((2, 2)), np.zeros((2, 3))]}))
    with pytest.raises(TypeError, match="JSON can't hold"):
        write_shards(tmp_path / "e", Samples({"x": [{"a": {1, 2}}]}))
    with ShardWriter(tmp_path / "f") as writer:
        writer.add(Samples({"x": np.zeros((2, 2), np.float32)}))
        with pytest.raises(TypeError, match=r"float32 \(3,\) here"):
            writer.add(Samples({"x": np.zeros((2, 3), np.float32)}))
        with pytest.raises(TypeError, match="complex128"):
            writer.add(Samples({"x": np.zeros((2, 2), np.complex128)}))
        with pytest.raises(TypeError, match="y here"):
            writer.add(Samples({"y": np.zeros((2, 2))}))
    assert len(Shards(tmp_path / "f")) == 2


@pytest.mark.parametrize("batch_size", [7, 16, 100, 128])
@pytest.mark.parametrize("window", [1, 3, 100])
def test_a_stream_has_every_sample_once_in_an_order_of_its_own_and_resumes(folder, batch_size, window):
    shards, whole = Shards(folder), made()
    place = {name: i for i, name in enumerate(whole.ids)}
    every = list(stream(shards, batch_size, 5, 2, window=window))
    assert [len(part) for part in every[:-1]] == [batch_size] * (len(every) - 1)
    ids = [name for part in every for name in part.ids]
    assert sorted(ids) == sorted(whole.ids)
    expected = np.concatenate([rows for _, rows in stream_order(shards.sizes, 5, 2, window)])
    assert [place[name] for name in ids] == expected.tolist()
    for part in every:
        assert_alike(part, whole[[place[name] for name in part.ids]])
    for start in (1, len(every) - 1):
        for one, other in zip(stream(shards, batch_size, 5, 2, start=start, window=window), every[start:], strict=True):
            assert one.ids == other.ids
    full = list(stream(shards, batch_size, 5, 2, True, window=window)) if batch_size <= LONG else []
    assert [part.ids for part in full] == [part.ids for part in every if len(part) == batch_size]
    assert [name for part in stream(shards, batch_size, None) for name in part.ids] == whole.ids


def test_a_stream_mixes_within_its_windows_alone(folder):
    sizes = Shards(folder).sizes
    windows = list(stream_order(sizes, 0, 0, 2))
    np.testing.assert_array_equal(np.concatenate([shards for shards, _ in windows]), order(len(sizes), 0, 0))
    owner = np.repeat(np.arange(len(sizes)), sizes)
    for shards, rows in windows:
        assert set(owner[rows]) == set(shards)
        assert len(np.flatnonzero(np.diff(owner[rows]))) > 2 or len(shards) == 1
    alone = [next(stream_order(np.array([50]), seed, epoch))[1].tolist() for seed, epoch in ((0, 0), (0, 1), (1, 0))]
    assert len({tuple(rows) for rows in alone}) == 3  # not by the shards' order alone
    one, other = (rows for _, rows in stream_order(np.array([50, 50]), 0, 0, 1))
    assert not np.array_equal(one % 50, other % 50)


def test_a_stream_maps_no_more_than_its_window(folder, monkeypatch):
    most, real = [0], Shards._open

    def opened(self, shard):
        found = real(self, shard)
        most[0] = max(most[0], len(self._maps))
        return found

    monkeypatch.setattr(Shards, "_open", opened)
    for _ in stream(Shards(folder), 8, window=2):
        pass
    assert most == [2]
    for wrong in ({"batch_size": 0}, {"batch_size": 4, "window": 0}, {"batch_size": 101, "drop_last": True}):
        with pytest.raises(ValueError, match="stream: "):
            stream(Shards(folder), **wrong)
