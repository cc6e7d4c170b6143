"""What no client can hold up: bodies without end, connections that say nothing, readers who take nothing."""

from __future__ import annotations

import asyncio
import socket
import threading
import time

import httpx
import pytest

from desktop_app.web import feed, protocol, report_answers, security, serving
from desktop_app.web.access import RateLimit
from desktop_app.web.problems import Problem
from desktop_app.web.turns import Turns
from tests.patience import PATIENCE_S, eventually
from tests.store.logs import LogMaker
from tests.web.conftest import Serve, raw


def test_a_body_that_states_too_many_bytes_is_refused_before_it_is_read(serve: Serve) -> None:
    served = serve()
    head = b"POST /api/v1/recounts HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    assert b" 413 " in raw(served, head + b"Content-Length: 999999999999\r\n\r\n")[:20]


def test_a_body_that_states_nothing_is_cut_off_at_the_limit(serve: Serve) -> None:
    served = serve()

    def endless():  # type: ignore[no-untyped-def]
        for _ in range(40):
            yield b'"' + b"x" * 65535

    answer = served.client.post("/api/v1/recounts", content=endless(), headers={"content-type": "application/json"})
    assert answer.status_code == 413


def test_a_body_that_stops_half_way_is_not_waited_for(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(security, "BODY_SILENCE_S", 0.3)
    served = serve()
    head = b"POST /api/v1/recounts HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    assert b" 408 " in raw(served, head + b'Content-Length: 100\r\n\r\n{"sess')[:20]


def test_a_connection_that_never_asks_is_closed(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_LIMIT_S", 0.3)
    served = serve()
    assert raw(served, b"GET /livez HTTP/1.1\r\nHos") == b""


def test_a_further_request_that_never_comes_to_an_end_is_not_waited_for(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_LIMIT_S", 0.3)
    served = serve()
    with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE_S) as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        answer = b""
        while not answer.endswith(b"ok\n"):
            answer += connection.recv(65536)
        connection.sendall(b"GET /livez HTTP/1.1\r\nHos")
        assert connection.recv(65536) == b""


def test_a_request_between_two_others_is_answered_however_it_is_cut(serve: Serve) -> None:
    served = serve()
    request = b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    for cut in range(0, len(request), 7):
        last = request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE_S) as connection:
            connection.sendall(request + request[:cut])
            answer = connection.recv(65536)
            connection.sendall(request[cut:] + last)
            while chunk := connection.recv(65536):
                answer += chunk
        assert answer.count(b" 200 OK") == 3, cut


def test_who_takes_nothing_of_a_last_answer_is_left(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fill the buffer stops no answer, and closing would wait until it is read."""
    monkeypatch.setattr(protocol, "READER_LIMIT_S", 0.3)
    closing: list[protocol.BoundedProtocol] = []

    class Stuck(protocol.BoundedProtocol):
        def on_response_complete(self) -> None:
            closing.append(self)
            super().on_response_complete()

    monkeypatch.setattr(serving, "BoundedProtocol", Stuck)
    served = serve()
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(PATIENCE_S)
        connection.connect(("127.0.0.1", served.port))
        connection.sendall(b"GET /static/style.css HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert eventually(lambda: closing)
        stuck, loop = closing[0], served.context.live._loop
        assert loop is not None

        def fill() -> None:
            """Put some into the transport's own buffer, and close as after an answer."""
            with_room, most = stuck.transport.get_write_buffer_limits()
            while stuck.transport.get_write_buffer_size() == 0:
                stuck.transport.write(b"x" * (most - with_room))
            stuck.timeout_keep_alive_handler()

        loop.call_soon_threadsafe(fill)
        assert eventually(lambda: stuck not in stuck.connections)
    assert served.client.get("/livez").is_success


def test_a_stream_goes_on_although_its_reader_owes_the_rest_of_the_request(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(security, "BODY_SILENCE_S", 0.1)
    monkeypatch.setattr(feed, "HEARTBEAT_S", 0.3)
    served = serve()
    head = b"GET /api/v1/live/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n"
    with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE_S) as connection:
        connection.sendall(head)
        answer = b""
        while answer.count(b"event: alive") < 3:
            chunk = connection.recv(65536)
            assert chunk, answer
            answer += chunk
    assert eventually(lambda: served.context.live.viewers == 0)


def test_an_upload_that_its_sender_stops_is_no_error_in_the_log(serve: Serve) -> None:
    served = serve()
    for path, kind in (
        ("/", "multipart/form-data; boundary=x"),
        ("/api/v1/jobs", "multipart/form-data; boundary=x"),
        ("/api/v1/predict", "image/jpeg"),
        ("/api/v1/recounts", "application/json"),
    ):
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\nContent-Length: 9000\r\n\r\n--x\r\n"
        with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE_S) as connection:
            connection.sendall(head.encode())
        assert eventually(lambda path=path: f'route="{path}"' in served.client.get("/metrics").text), path  # type: ignore[misc]


def until_closed(connection: socket.socket, data: bytes = b"") -> bytes:
    """Send data again and again, or nothing, until the other side closes; return what came from it meanwhile."""
    answer, deadline = b"", time.monotonic() + PATIENCE_S
    try:
        while data:
            assert time.monotonic() < deadline, "it is taken for ever"
            connection.sendall(data)
        while chunk := connection.recv(65536):
            answer += chunk
    except ConnectionError:
        pass
    return answer


def test_a_body_in_very_many_tiny_pieces_is_refused(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that asks for a token: who has none could take a core with one connection."""
    monkeypatch.setattr(security, "BODY_SILENCE_S", 1.0)
    served = serve(open_to=None)
    head = b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n"
    head += b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE_S) as connection:
        connection.sendall(head + b"1\r\nx\r\n" * 20_000)
        assert until_closed(connection)[9:12] in (b"400", b""), "and not waited for: that would be 408"
    assert b" 401 " in raw(served, head + b"1\r\nx\r\n" * 1500 + b"0\r\n\r\n")[:20], "some that are small are taken"


def test_a_large_body_in_usual_pieces_is_taken(serve: Serve) -> None:
    served = serve()
    pieces = (b"x" * 300 for _ in range(10_000))
    answer = served.client.post("/api/v1/predict", content=pieces, headers={"content-type": "multipart/x; boundary=x"})
    assert answer.status_code == 415, "read to its end, and no form"


def test_the_rest_of_a_body_is_not_taken_for_ever_after_its_answer(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_LIMIT_S", 0.5)
    served = serve(open_to=None)
    head = b"POST /api/v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE_S) as connection:
        connection.sendall(head)
        assert b" 401 " in connection.recv(65536)[:20]
        until_closed(connection, b"400\r\n" + b"x" * 1024 + b"\r\n")
    assert served.client.get("/livez").is_success


def test_nonsense_in_a_body_is_no_error_in_the_log(serve: Serve) -> None:
    served = serve(open_to=None)
    head = b"POST /api/v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert raw(served, head + b"nonsense\r\n\r\n").split()[1] in (b"400", b"401")
    with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE_S) as connection:
        connection.sendall(head)
        answer = b""
        while not answer.endswith(b"}"):
            answer += connection.recv(65536)
        connection.sendall(b"nonsense\r\n\r\n")
        assert until_closed(connection) == b""
    assert served.client.get("/livez").is_success


def test_a_head_without_end_is_refused(serve: Serve) -> None:
    served = serve()
    assert b" 400 " in raw(served, b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"y" * 100_000)[:20]


def test_what_is_no_request_is_refused(serve: Serve) -> None:
    served = serve()
    for request in (
        b"\x00\xff\x16\x03\x01",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ):
        assert raw(served, request + b"\r\n\r\n").split()[1] in (b"400", b"421"), request
    assert served.client.get("/livez").is_success


def test_a_reader_who_takes_nothing_is_left(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "READER_LIMIT_S", 0.3)
    served = serve()
    live = served.context.live
    with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE_S) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(b"GET /api/v1/live/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert eventually(lambda: live.viewers == 1)

        def push() -> bool:
            loop = live._loop
            assert loop is not None
            for viewer in list(live._viewers):
                loop.call_soon_threadsafe(viewer.put, b"data: " + b"x" * 500_000 + b"\n\n")
            return live.viewers == 0

        assert eventually(push)
    assert served.client.get("/livez").is_success


@pytest.mark.slow
def test_a_thousand_idle_connections_keep_nobody_out(serve: Serve) -> None:
    served = serve()
    idle = [socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE_S) for _ in range(1000)]
    try:
        for connection in idle[::10]:
            connection.sendall(b"GET /api/v1/live/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert eventually(lambda: served.context.live.viewers == 100)
        assert served.client.get("/livez").is_success
        with httpx.stream("GET", f"{served.url}/api/v1/live/events", timeout=PATIENCE_S) as stream:
            assert next(stream.iter_lines()) == "retry: 2000"
    finally:
        for connection in idle:
            connection.close()
    assert eventually(lambda: served.context.live.viewers == 0)


def test_slow_clients_do_not_slow_others(serve: Serve) -> None:
    served = serve()
    stop = threading.Event()

    def trickle() -> None:
        with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE_S) as connection:
            for letter in b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ":
                connection.sendall(bytes([letter]))
                if stop.wait(0.02):
                    return

    slow = [threading.Thread(target=trickle) for _ in range(20)]
    for thread in slow:
        thread.start()
    try:
        assert all(served.client.get("/livez").is_success for _ in range(20))
    finally:
        stop.set()
        for thread in slow:
            thread.join()


def test_a_rate_is_limited_by_client_and_recovers() -> None:
    now = 0.0
    limit = RateLimit(3, 60.0, keys=2, clock=lambda: now)
    assert [limit.take("a") for _ in range(3)] == [0.0] * 3
    assert limit.take("a") == pytest.approx(20.0)
    assert limit.take("b") == 0.0
    now = 20.0
    assert limit.take("a") == 0.0
    limit.take("c")
    limit.take("d")
    assert limit.take("b") == 0.0, "the oldest are forgotten: memory is bounded"


def test_too_many_viewers_are_told_to_come_back(serve: Serve) -> None:
    served = serve(most_viewers=1)
    with httpx.stream("GET", f"{served.url}/api/v1/live/events", timeout=PATIENCE_S) as stream:
        lines = stream.iter_lines()  # held: httpx closes the stream with it
        next(lines)
        answer = served.client.get("/api/v1/live/events", timeout=PATIENCE_S)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert eventually(lambda: served.context.live.viewers == 0)


def test_a_request_to_end_is_answered_with_open_streams(serve: Serve) -> None:
    served = serve()
    lines: list[str] = []

    def watch() -> None:
        with httpx.stream("GET", f"{served.url}/api/v1/live/events", timeout=PATIENCE_S) as stream:
            lines.extend(stream.iter_lines())

    watching = threading.Thread(target=watch)
    watching.start()
    assert eventually(lambda: "event: totals" in lines)
    served.context.live.end()
    watching.join(PATIENCE_S)
    assert not watching.is_alive()
    assert "event: bye" in lines


def test_what_takes_long_is_done_for_one_client_after_the_other() -> None:
    """Sixty reports that one client wants keep another waiting for one of them at most."""
    turns, begun, ends = Turns(at_once=2, most_each=3, most=5), list[str](), dict[str, asyncio.Event]()

    async def work(name: str) -> None:
        async with turns.turn(name[0]):
            begun.append(name)
            await ends.setdefault(name, asyncio.Event()).wait()

    async def check() -> None:
        tasks = {}

        async def ask(*names: str) -> None:
            tasks.update({name: asyncio.create_task(work(name)) for name in names})
            for _ in range(10):  # every task comes as far as it can
                await asyncio.sleep(0)

        await ask("a1", "a2", "a3", "b1", "b2")
        assert begun == ["a1", "b1"], "one of each client"
        for name, status in (("a4", 429), ("c1", 503)):
            with pytest.raises(Problem) as found:
                await work(name)
            assert found.value.status == status
        tasks["a2"].cancel()
        ends["b1"].set()
        await ask("c1")
        assert begun[2:] in (["b2"], ["c1"]), "not one of the first client's, who has a turn"
        ends["a1"].set()
        await ask()
        assert len(begun) == 4
        assert "a2" not in begun, "who has left takes no turn"
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
        assert turns._clients == {}
        async with turns.turn("a"), turns.turn("b"):
            pass

    asyncio.run(check())


def test_pages_are_answered_while_one_client_wants_many_reports(
    serve: Serve, log: LogMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, under_way = threading.Event(), list[int]()

    def slow(*_: object, **__: object) -> str:
        under_way.append(1)
        assert go_on.wait(PATIENCE_S)
        return "<svg/>"

    monkeypatch.setattr(report_answers, "chart", slow)
    served = serve(log=log)
    statuses: list[int] = []

    def ask() -> None:
        answer = httpx.get(f"{served.url}/api/v1/sessions/fair/ages.svg", timeout=PATIENCE_S)
        statuses.append(answer.status_code)

    asking = [threading.Thread(target=ask) for _ in range(60)]
    for thread in asking:
        thread.start()
    try:
        assert eventually(lambda: statuses.count(429) == 40)
        assert all(served.client.get(path).is_success for path in ("/live", "/counts", "/readyz", "/api/v1/live"))
        assert len(under_way) == 1
    finally:
        go_on.set()
        for thread in asking:
            thread.join()
    assert statuses.count(200) == 20
