"""A cache is complete or absent, the same however it was built, and tells when it was damaged."""

import json
import os
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from semgan.data.cache import Source, build_cache, open_cache, verify
from semgan.data.decode import DecodeError
from semgan.data.folder import folder_source
from semgan.errors import UserError

SIZE, COUNT, CHUNK = 4, 600, 256


def example(row: int) -> dict[str, np.ndarray] | None:
    if row == 7:
        _raise("seven.jpg")
    if row == 300:
        return None
    return {"image": np.full((SIZE, SIZE, 3), row % 251, np.uint8), "attributes": np.array([row % 2, 1], np.int8)}


def _raise(name: str) -> None:
    raise DecodeError(name, "damaged")


SOURCE = Source("made", "train", COUNT, "listing", example, {"attributes": ("Odd", "One")})


def manifest(folder: Path) -> dict:
    return json.loads((folder / "manifest.json").read_text())


@pytest.fixture
def built(tmp_path) -> Path:
    build_cache(SOURCE, tmp_path / "cache", SIZE, workers=1)
    return tmp_path / "cache"


def test_rows_are_those_of_the_source(built):
    cache = open_cache(built)
    assert cache.images.shape == (COUNT, SIZE, SIZE, 3)
    good = cache.usable
    np.testing.assert_array_equal(cache.images[good, 0, 0, 0], np.arange(COUNT)[good] % 251)
    np.testing.assert_array_equal(cache.annotations["attributes"][good, 0], np.arange(COUNT)[good] % 2)
    assert cache.annotations["attributes"].dtype == np.int8


def test_failed_rows_are_black_and_listed(built):
    cache = open_cache(built)
    assert np.flatnonzero(~cache.usable).tolist() == [7, 300]
    assert cache.manifest["failed"] == [[7, "seven.jpg: damaged"], [300, "left out by its source"]]
    assert not cache.images[[7, 300]].any()


def test_arrays_are_mapped_read_only(built):
    with pytest.raises(ValueError, match="read-only"):
        open_cache(built).images[0] = 1


def test_second_build_reads_what_is_there(built):
    forbidden = SOURCE._replace(example=lambda row: pytest.fail("built again"))
    np.testing.assert_array_equal(build_cache(forbidden, built, SIZE).images, open_cache(built).images)
    assert {path.name for path in built.iterdir()} == {"images.u8", "attributes.npy", "manifest.json"}


def test_resumed_build_equals_uninterrupted_build(built, tmp_path):
    calls = []

    def stops(row: int):
        calls.append(row)
        if row == 400:
            raise RuntimeError("stopped")
        return example(row)

    folder = tmp_path / "other"
    with pytest.raises(RuntimeError, match="stopped"):
        build_cache(SOURCE._replace(example=stops), folder, SIZE, workers=1)
    assert not folder.exists()
    calls.clear()
    build_cache(SOURCE._replace(example=lambda row: calls.append(row) or example(row)), folder, SIZE, workers=1)
    assert calls == list(range(CHUNK, COUNT))  # the first chunk was kept
    assert manifest(folder) == manifest(built)
    assert (folder / "images.u8").read_bytes() == (built / "images.u8").read_bytes()


@pytest.mark.parametrize("lost", ["pictures", "annotations"])
def test_chunk_that_a_power_cut_left_half_written_is_made_again(built, tmp_path, lost):
    def stops(row: int):
        return pytest.fail("stopped") if row == 400 else example(row)

    folder, partial = tmp_path / "other", tmp_path / "other.partial"
    with pytest.raises(pytest.fail.Exception):
        build_cache(SOURCE._replace(example=stops), folder, SIZE, workers=1)
    if lost == "pictures":
        with open(partial / "images.u8", "r+b") as file:
            file.write(bytes(1000))
    else:
        (partial / "chunk-000000.npz").write_bytes(b"")
    build_cache(SOURCE, folder, SIZE, workers=1)
    assert manifest(folder) == manifest(built)
    assert verify(folder) == []


def test_partial_build_of_another_source_is_thrown_away(built, tmp_path):
    def stops(row: int):
        if row == 400:
            raise RuntimeError("stopped")
        return {"image": np.full((SIZE, SIZE, 3), 9, np.uint8)}

    folder = tmp_path / "other"
    with pytest.raises(RuntimeError, match="stopped"):
        build_cache(SOURCE._replace(example=stops, fingerprint="other listing"), folder, SIZE, workers=1)
    build_cache(SOURCE, folder, SIZE, workers=1)
    assert manifest(folder) == manifest(built)


SLOW = """
    import os, sys, time
    import numpy as np
    from pathlib import Path
    from semgan.data.cache import Source, build_cache

    class Slow:
        def __call__(self, row):
            Path(sys.argv[2], str(os.getpid())).touch()
            time.sleep(0.002)
            return {"image": np.full((4, 4, 3), row % 251, np.uint8)}

    if __name__ == "__main__":
        source = Source("slow", "train", 1200, "slow", Slow(), {})
        build_cache(source, sys.argv[1], 4, workers=int(sys.argv[3]))
"""


def start_slow_build(tmp_path: Path, workers: int, script: str = "") -> subprocess.Popen:
    path, pids = tmp_path / "slow.py", tmp_path / "pids"
    path.write_text(script or textwrap.dedent(SLOW))
    pids.mkdir(exist_ok=True)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, str(path), str(tmp_path / "cache"), str(pids), str(workers)]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


def alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def wait_until(condition, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "took too long"
        time.sleep(0.02)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes through /proc")
def test_kill_leaves_no_worker_and_nothing_half_made(tmp_path):
    partial = tmp_path / "cache.partial"
    with start_slow_build(tmp_path, workers=2) as build:
        wait_until(lambda: any(partial.glob("chunk-*.npz")))
        build.kill()
    assert not (tmp_path / "cache").exists()
    workers = [int(path.name) for path in (tmp_path / "pids").iterdir()]
    assert len(workers) == 2
    wait_until(lambda: not any(map(alive, workers)))
    done = len(list(partial.glob("chunk-*.npz")))
    assert 0 < done < 5
    with start_slow_build(tmp_path, workers=1) as build:
        assert build.wait() == 0
    cache = open_cache(tmp_path / "cache")
    np.testing.assert_array_equal(cache.images[:, 0, 0, 0], np.arange(1200) % 251)
    assert verify(tmp_path / "cache") == []


def test_two_processes_at_once_make_one_cache(tmp_path):
    builds = [start_slow_build(tmp_path, workers=1) for _ in range(2)]
    messages = "".join(build.communicate()[1] for build in builds)
    assert [build.returncode for build in builds] == [0, 0]
    assert len(list((tmp_path / "pids").iterdir())) == 1
    assert "is preparing it; waiting" in messages
    assert verify(tmp_path / "cache") == []


def test_script_without_a_main_guard_gets_its_cache(tmp_path):
    """Each starting worker runs the script again; none may wait for the process that waits for it."""
    script = textwrap.dedent(SLOW).replace('if __name__ == "__main__":', "if True:").replace("1200", "600")
    with start_slow_build(tmp_path, workers=2, script=script) as build:
        assert "guard the script's start" in build.communicate(timeout=300)[1]
    assert build.returncode == 0
    assert verify(tmp_path / "cache") == []


def test_worker_processes_build_the_same_cache(tmp_path):
    for domain in "ab":
        (tmp_path / "root" / domain).mkdir(parents=True)
        for index in range(150):
            Image.new("RGB", (5, 5), (index, ord(domain), 0)).save(tmp_path / "root" / domain / f"{index}.bmp")
    (tmp_path / "root" / "a" / "bad.jpg").write_text("no picture")
    source = folder_source(tmp_path / "root", "train", 4)
    assert source.count > CHUNK
    one, two = (build_cache(source, tmp_path / str(workers), 4, workers) for workers in (1, 2))
    assert one.manifest == two.manifest
    np.testing.assert_array_equal(one.images, two.images)
    assert len(one.manifest["failed"]) == 1


@pytest.mark.parametrize(("name", "fault"), [("images.u8", "rows 256 to 511"), ("attributes.npy", "attributes.npy")])
def test_one_flipped_bit_is_found(built, name, fault):
    assert verify(built) == []
    data = bytearray((built / name).read_bytes())
    data[300 * SIZE * SIZE * 3 if name == "images.u8" else -1] ^= 1
    (built / name).write_bytes(data)
    assert [fault in found for found in verify(built)] == [True]


@pytest.mark.parametrize("name", ["images.u8", "attributes.npy", "manifest.json"])
def test_missing_or_cut_file_is_named(built, name):
    (built / name).write_bytes((built / name).read_bytes()[:100])
    with pytest.raises(UserError, match=f"{name} .*: delete .* and it is prepared again"):
        open_cache(built)
    (built / name).unlink()
    with pytest.raises(UserError, match=name):
        open_cache(built)


def test_pickle_in_an_annotation_is_never_loaded(built):
    np.save(built / "attributes.npy", np.array([{"a": 1}], object), allow_pickle=True)
    with pytest.raises(UserError, match=r"attributes\.npy cannot be read"):
        open_cache(built)


def test_other_source_in_the_folder_is_refused(built):
    with pytest.raises(UserError, match="holds another cache"):
        build_cache(SOURCE._replace(fingerprint="other"), built, SIZE)


def test_fingerprint_follows_the_content_alone(built, tmp_path):
    touched = build_cache(SOURCE._replace(fingerprint="touched"), tmp_path / "b", SIZE, workers=1)
    assert touched.manifest["fingerprint"] == manifest(built)["fingerprint"]
    moved = SOURCE._replace(example=lambda row: _raise("/elsewhere/seven.jpg") if row == 7 else example(row))
    assert build_cache(moved, tmp_path / "d", SIZE, workers=1).manifest["fingerprint"] == manifest(built)["fingerprint"]
    changed = SOURCE._replace(example=lambda row: example(row + 1))
    assert build_cache(changed, tmp_path / "c", SIZE, workers=1).manifest["fingerprint"] != manifest(built)["fingerprint"]


def test_nothing_usable_says_why(tmp_path):
    with pytest.raises(UserError, match=r"none of the 2 pictures .*, the first because: seven\.jpg: damaged"):
        build_cache(SOURCE._replace(count=2, example=lambda row: example(7)), tmp_path / "cache", SIZE, workers=1)


def test_full_disk_is_told_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1))
    with pytest.raises(UserError, match="make room, or move the cache with SEMGAN_CACHE"):
        build_cache(SOURCE, tmp_path / "cache", SIZE, workers=1)


def test_cache_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written to"):
        build_cache(SOURCE, tmp_path / "file" / "cache", SIZE, workers=1)
