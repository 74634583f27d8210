from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from apps.supervisor.children import ChildSpec, ChildState, stages
from apps.supervisor.ports import is_taken, refuse_taken_ports
from apps.supervisor.probes import http_ok, port_answers, says_ready
from apps.supervisor.process import child_environment, rotate, tail
from apps.supervisor.state import ChildReport, HomeLock, SystemState, is_held, process_created, read_state, write_state
from lfr_core.common.errors import Fatal


def _spec(name: str, *after: str) -> ChildSpec:
    return ChildSpec(name, ("true",), after=after)


def test_children_start_after_what_they_name() -> None:
    order = stages([_spec("page", "broker"), _spec("worker", "broker", "gallery"), _spec("broker"), _spec("gallery")])

    assert [[spec.name for spec in stage] for stage in order] == [["broker", "gallery"], ["page", "worker"]]


@pytest.mark.parametrize(
    ("specs", "words"),
    [
        ([_spec("a", "b"), _spec("b", "a")], "circle"),
        ([_spec("a", "b")], "isn't among them"),
        ([_spec("a"), _spec("a")], "same name"),
    ],
)
def test_an_order_that_cannot_be_is_refused(specs: list[ChildSpec], words: str) -> None:
    with pytest.raises(Fatal, match=words):
        stages(specs)


def test_a_taken_port_is_refused_with_its_owner() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]

        with pytest.raises(Fatal, match=rf"port {port} \(broker\) is taken by .*process {os.getpid()}"):
            refuse_taken_ports({port: "broker"})
    assert not is_taken(port)
    refuse_taken_ports({port: "broker"})


def test_a_port_held_on_every_interface_is_taken_too() -> None:
    with socket.socket() as holder:
        holder.bind(("0.0.0.0", 0))
        holder.listen()

        assert is_taken(holder.getsockname()[1])


def test_a_second_holder_of_the_home_is_refused_and_the_first_is_named(tmp_path: Path) -> None:
    with HomeLock(tmp_path):
        assert is_held(tmp_path)
        with pytest.raises(Fatal, match=rf"runs already in .*process {os.getpid()}.*lfr down"), HomeLock(tmp_path):
            pass
    assert not is_held(tmp_path)
    with HomeLock(tmp_path):
        pass


def test_a_home_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(Fatal, match="LFR_HOME"), HomeLock(tmp_path / "file" / "home"):
        pass


def test_a_state_file_of_a_dead_supervisor_is_seen_through(tmp_path: Path) -> None:
    made = process_created(os.getpid())
    child = ChildReport(
        name="broker",
        state=ChildState.READY,
        pid=os.getpid(),
        pid_created=1.0,
        since_ns=1,
        restarts=0,
        why="",
        log=tmp_path,
        ports=(),
    )
    write_state(tmp_path, SystemState(pid=os.getpid(), pid_created=made, started_ns=1, children=(child,)))
    state = read_state(tmp_path)

    assert state is not None
    assert state.is_alive()
    assert state.children[0].check_state() is ChildState.FAILED  # our number, but not that process
    assert not state.model_copy(update={"pid_created": 1.0}).is_alive()


def test_a_broken_state_file_is_refused_and_none_is_none(tmp_path: Path) -> None:
    assert read_state(tmp_path) is None
    (tmp_path / "supervisor.json").write_text("{")
    with pytest.raises(Fatal, match="delete the file"):
        read_state(tmp_path)


def test_a_log_is_moved_on_by_size_and_only_so_many_are_kept(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    for number in range(5):
        log.write_text(f"{number}" * 20)
        rotate(log, max_bytes=10, keep=2)

    assert [path.name for path in sorted(tmp_path.iterdir())] == ["x.log", "x.log.1", "x.log.2"]
    assert (log.read_text(), (tmp_path / "x.log.1").read_text()) == ("", "4" * 20)
    rotate(tmp_path / "absent.log")


def test_the_tail_is_the_last_lines_that_say_something(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_text("a\nb\n\nc\nd\n\n")

    assert tail(tmp_path / "x.log", lines=2) == "c | d"
    assert tail(tmp_path / "absent.log") == ""


def test_a_child_gets_the_settings_it_is_given_and_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LFR_WORKERS", "7")

    reported = child_environment({"LFR_HOME": "/x"})

    assert "LFR_WORKERS" not in reported
    assert (reported["LFR_HOME"], reported["PATH"]) == ("/x", os.environ["PATH"])


def test_probes_say_no_instead_of_raising(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]

        assert not port_answers(port)(1)
        assert not http_ok(f"http://127.0.0.1:{port}/")(1)
        holder.listen()
        assert port_answers(port)(1)
    ready = tmp_path / "ready"
    assert not says_ready(ready)(12)
    ready.write_text("12\n")
    assert says_ready(ready)(12)
    assert not says_ready(ready)(13)
