"""Chunks on workers: same results as here, a killed worker loses nothing, an absent scheduler is one line."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import study_fake

from numerics.study import cluster, execution, grid, options, session
from numerics.study.job import Job, chunks
from numerics.study.store import Store
from unskew.ground.refusals import InputError

pytest.importorskip("distributed")

HERE = Path(__file__).resolve().parent
GRID = [
    "--setting",
    "clean",
    "--sampling",
    "mild",
    "severe",
    "--classes",
    "4",
    "16",
    "--functions",
    "3",
    "--seeds",
    "2",
]


def work(pause: float, chunk: Sequence[Job]) -> list[dict[str, Any]]:
    time.sleep(pause)
    return study_fake.fake(chunk)


@pytest.fixture(autouse=True)
def _workers_find_this_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HERE), str(HERE.parent)]))


def wanted() -> list[execution.Chunk]:
    return chunks(grid.jobs(grid.cells(options.read(GRID))))


def test_a_killed_worker_loses_nothing(tmp_path: Path) -> None:
    with Store(tmp_path / "here.sqlite", 1) as store:
        expected = execution.complete(wanted(), store, execution.in_process(study_fake.fake))
    with cluster.client(workers=2) as connected, Store(tmp_path / "there.sqlite", 1) as store:
        connected.wait_for_workers(2, timeout=60)
        first = connected.run(os.getpid)
        done: list[int] = []

        def progress(number: int) -> None:
            done.append(number)
            if len(done) == 3:
                os.kill(next(iter(first.values())), 9)

        found = execution.complete(wanted(), store, cluster.on(connected, partial(work, 0.15)), progress)
        deadline = time.monotonic() + 60
        while set(connected.run(os.getpid).values()) == set(first.values()) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert set(connected.run(os.getpid).values()) != set(first.values())
        assert execution.missing(wanted(), store) == []
    assert found == expected
    assert sorted(done) == list(range(len(wanted())))


def test_a_chunk_that_kills_every_worker_is_given_up_and_the_rest_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "DEATHS", 0)
    monkeypatch.setenv("FAKE_DEATH", str(tmp_path / "mark"))
    with (
        cluster.client(workers=1) as connected,
        Store(tmp_path / "s.sqlite", 1) as store,
        pytest.raises(InputError, match=r"lost with its workers.*finished chunks are kept"),
    ):
        execution.complete(wanted()[:4], store, cluster.on(connected, study_fake.dies_once))
    # The one that was to blame is done on the second attempt; nothing else was lost.
    with Store(tmp_path / "s.sqlite", 1) as store:
        execution.complete(wanted()[:4], store, execution.in_process(study_fake.fake))
        assert execution.missing(wanted()[:4], store) == []


def test_error_in_a_chunk_is_not_swallowed(tmp_path: Path) -> None:
    with (
        cluster.client(workers=1) as connected,
        Store(tmp_path / "s.sqlite", 1) as store,
        pytest.raises(ZeroDivisionError),
    ):
        execution.complete(wanted()[:1], store, cluster.on(connected, lambda chunk: 1 // 0))


@pytest.mark.parametrize(
    "address",
    [
        *("tcp://127.0.0.1:1", "nonsense", "tcp://", "udp://127.0.0.1:9", "127.0.0.1:99999", "ws://127.0.0.1:9"),
        *(
            "ucx://127.0.0.1:9",
            "inproc://here/1/1",
            "tls://127.0.0.1:1",
            "tcp://[::1]:1",
            "tcp://no.such.host.invalid:1",
        ),
    ],
)
def test_unreachable_scheduler_is_one_line(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "PATIENCE", 1.0)
    with pytest.raises(InputError, match="no scheduler at") as caught, cluster.client(address=address):
        pass
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "words", [b"", b"HTTP/1.1 200 OK\r\n\r\n" * 9, bytes(64), b"\xff" * 64], ids=["silence", "http", "zeros", "ones"]
)
def test_an_address_where_something_else_listens_is_one_line(words: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client of dask alone would wait for ever."""
    monkeypatch.setattr(cluster, "PATIENCE", 1.0)
    held: list[socket.socket] = []

    def answer() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            held.append(connection)
            connection.sendall(words)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=answer, daemon=True).start()
        begin = time.monotonic()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(InputError, match="no scheduler at"), cluster.client(address=address):
            pass
        assert time.monotonic() - begin < 20
        server.shutdown(socket.SHUT_RDWR)
    for connection in held:
        connection.close()


def test_workers_listen_on_the_loopback_interface_and_show_no_pages() -> None:
    psutil = pytest.importorskip("psutil")
    with cluster.client(workers=1) as connected:
        connected.wait_for_workers(1, timeout=60)
        processes = [os.getpid(), *connected.run(os.getpid).values()]
        places = {
            place.laddr
            for process in processes
            for place in psutil.Process(process).net_connections()
            if place.status == psutil.CONN_LISTEN
        }
        assert len(places) >= 4
        assert {place.ip for place in places} == {"127.0.0.1"}
        for place in places:
            for path in ("/status", "/info/main/workers.html", "/health", "/metrics", "/json/counts.json"):
                with contextlib.suppress(OSError, http.client.HTTPException):
                    page = http.client.HTTPConnection(place.ip, place.port, timeout=5)
                    page.request("GET", path)
                    assert page.getresponse().status == 404, (place, path)


def test_unreachable_scheduler_through_the_command(tmp_path: Path) -> None:
    arguments = [sys.executable, str(HERE / "study_fake.py"), "--preset", "smoke", "--scheduler", "tcp://127.0.0.1:1"]
    done = subprocess.run(
        [*arguments, "--store", str(tmp_path / "s.sqlite")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1, done.stderr


def test_real_engine_on_two_workers_equals_this_process(tmp_path: Path) -> None:
    arguments = ["--preset", "smoke", "--sampling", "severe", "--arms", "reg", "reg_cls", "--classes", "4"]
    texts = []
    for name, more in (("a", []), ("b", ["--workers", "2"])):
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "numerics.study",
                *arguments,
                *more,
                "--store",
                str(tmp_path / name),
                "--json",
                "-",
                "--quiet",
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        texts.append(done.stdout)
    assert texts[0] == texts[1]


def test_client_from_a_thread_of_a_running_scheduler() -> None:
    import distributed

    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None
    ) as local:
        found: list[dict[str, Any]] = []

        def other() -> None:
            with cluster.client(address=local.scheduler_address) as connected:
                found.extend(next(cluster.on(connected, study_fake.fake)([(0, wanted()[0])]))[1])

        thread = threading.Thread(target=other)
        thread.start()
        thread.join(60)
        assert found == study_fake.fake(wanted()[0])


def test_session_train_is_what_workers_get() -> None:
    import pickle

    assert pickle.loads(pickle.dumps(partial(session.train, data=None))).func is session.train


def test_a_killed_scheduler_is_one_line_and_finished_chunks_are_kept(tmp_path: Path) -> None:
    environment = os.environ | {"FAKE_PAUSE": "0.5"}
    place, store = tmp_path / "scheduler.json", tmp_path / "s.sqlite"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": environment}
    dask = [sys.executable, "-m", "dask"]
    options = ["--scheduler-file", str(place), "--no-dashboard"]
    scheduler = subprocess.Popen([*dask, "scheduler", "--host", "127.0.0.1", "--port", "0", *options], **quiet)
    worker = subprocess.Popen([*dask, "worker", *options, "--nthreads", "1", "--no-nanny"], **quiet)
    try:
        deadline = time.monotonic() + 60
        while not place.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        address = json.loads(place.read_text())["address"]
        arguments = ["--preset", "severe", "--store", str(store), "--scheduler", address]
        study = subprocess.Popen(
            [sys.executable, str(HERE / "study_fake.py"), *arguments],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        while study.poll() is None and not rows(store):
            time.sleep(0.1)
        scheduler.kill()
        _, error = study.communicate(timeout=60)
    finally:
        for process in (worker, scheduler):
            process.kill()
            process.wait()
    assert study.returncode == 2
    assert "Traceback" not in error
    assert error.splitlines()[-1].endswith("mend the workers and run the same command again")
    assert rows(store) > 0


def rows(store: Path) -> int:
    """How many trainings are in the store; none before it is one."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
            return int(connection.execute("SELECT count(*) FROM results").fetchone()[0])
    except sqlite3.Error:
        return 0
