"""The work of `headcount serve`; imported only where the web part is installed."""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack

from desktop_app import factory
from desktop_app.cli.count import settings_from
from desktop_app.cli.counting import STORE_LIMIT_S, open_store
from desktop_app.cli.interrupt import Interrupt
from desktop_app.cli.kept import NOT_WRITTEN
from desktop_app.cli.observers import say
from desktop_app.engine.state import EngineOptions, EngineState
from desktop_app.session.door import Door, RunObserver
from desktop_app.session.door_run import DoorRun
from desktop_app.session.manager import SessionManager
from desktop_app.sources.opening import describe
from desktop_app.store.files import default_folder
from desktop_app.store.held_database import HeldError
from desktop_app.store.second_process import SecondProcessStore
from desktop_app.store.store import Store
from desktop_app.web.access import Access, Role
from desktop_app.web.background import in_url, local_address, tokens_file
from desktop_app.web.context import WebContext, make_context
from desktop_app.web.live import ManagerCount
from desktop_app.web.security import is_loopback
from desktop_app.web.serving import listen, make_server
from desktop_app.web.settings import WebSettings

_STOP_LIMIT_S = 2.0
_LOOK_UP_S = 0.1


def change_tokens(args: argparse.Namespace) -> int:
    """Make a token and print it, or forget all of them."""
    access = Access(tokens_file())
    if args.forget_tokens:
        print(f"{access.forget_all()} tokens are no longer valid.")
    if args.new_token:
        print(access.make(Role[args.new_token.upper()], args.token_name))
    return 0


def serve(args: argparse.Namespace, given: Mapping[str, str]) -> int:
    """Serve until a request to end. Returns the exit code."""
    settings = _settings(args)
    access = Access(tokens_file(), given={Role[word.upper()]: text for word, text in given.items()})
    only_here = is_loopback(settings.host) and not settings.require_token
    access.open_to = Role.CORRECT if only_here else None
    interrupt = Interrupt()
    with ExitStack() as stack, interrupt.listening():
        listening = stack.enter_context(listen(settings.host, settings.port))
        port = listening.getsockname()[1]
        if not only_here:
            _show_tokens(access)
        context, manager = _context(args, settings, access, stack)
        stack.callback(context.close)  # for a server that does not come to serving; else it has closed it itself
        server = make_server(context, lambda: _say_where(settings, port))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="headcount-web", daemon=True)
        thread.start()
        if manager is not None:
            for door in _doors(args):
                manager.add_door(door, EngineOptions(limit_s=args.limit))
        while thread.is_alive() and not interrupt():
            time.sleep(_LOOK_UP_S)
        if not interrupt():
            raise RuntimeError("the web server ended by itself")  # whoever started it must not take that for an end
        server.should_exit = True
        thread.join(10.0)
    return 0 if interrupt.exit_code in (0, 130, 143) else interrupt.exit_code


def _doors(args: argparse.Namespace) -> list[Door]:
    """Return a door for each source; where there are several, each is called by its source."""
    settings = settings_from(args)
    if len(args.sources) == 1:
        return [Door(args.sources[0], settings)]
    return [Door(text, settings, f"door-{n}", describe(text)) for n, text in enumerate(args.sources, 1)]


def _settings(args: argparse.Namespace) -> WebSettings:
    defaults = WebSettings()
    most_video_s = defaults.most_video_s if args.most_video_minutes is None else 60.0 * args.most_video_minutes
    return WebSettings(
        host=args.host or defaults.host,
        port=defaults.port if args.port is None else args.port,
        host_names=tuple(args.host_name or ()),
        require_token=args.require_token,
        allow_private=args.allow_private,
        most_upload_bytes=defaults.most_upload_bytes if args.most_upload_mb is None else args.most_upload_mb * 10**6,
        most_video_s=most_video_s,
        # As long as the video itself and half as much again: a slow computer counts about as fast as a video goes.
        job_limit_s=max(defaults.job_limit_s, 1.5 * most_video_s),
        workers=defaults.workers if args.workers is None else args.workers,
        upload_folder=args.upload_folder,
        tls_cert=args.tls_cert,
        tls_key=args.tls_key,
    )


def _context(
    args: argparse.Namespace, settings: WebSettings, access: Access, stack: ExitStack
) -> tuple[WebContext, SessionManager | None]:
    if args.sources:
        settings_from(args)  # what cannot be counted with is said before anything is opened
        kept = open_store()
        stack.callback(_close_store, kept)
        following = ManagerCount()
        manager = SessionManager(factory.ProgramServices(), kept, [following, _Sayer()])
        stack.callback(manager.shut_down, _STOP_LIMIT_S)
        manager.open(args.name or describe(args.sources[0]), args.place)
        readable = kept if isinstance(kept, Store) else Store.open(default_folder(), read_only=True)
        return make_context(settings, access, store=readable, manager=manager, following=following), manager
    try:
        store = Store.open(default_folder(), _say_problem)
        elsewhere = False
    except HeldError:
        store, elsewhere = Store.open(default_folder(), read_only=True), True
    stack.callback(_close_store, store)
    return make_context(settings, access, store=store, counted_elsewhere=elsewhere), None


def _close_store(store: Store | SecondProcessStore) -> None:
    if not store.close(STORE_LIMIT_S):
        say(f"headcount: {NOT_WRITTEN}")


class _Sayer(RunObserver):
    """Says on the terminal what an operator should know."""

    def on_state(self, run: DoorRun, state: EngineState, message: str) -> None:
        if message:
            say(f"headcount: {message}")

    def on_notice(self, run: DoorRun, sentence: str) -> None:
        say(f"headcount: {sentence}")


def _say_problem(problem: str) -> None:
    if problem:
        say(f"headcount: {problem}")


def _show_tokens(access: Access) -> None:
    """Make a token for each role at the first start, and show them this once."""
    if access.tokens:
        return
    print("These tokens let others in. They are shown only now; “headcount serve --new-token ROLE” makes more.")
    for role, words in (
        (Role.SEE, "see figures"),
        (Role.COUNT, "also have files counted"),
        (Role.CORRECT, "everything"),
    ):
        print(f"  {role.word:<8} {access.make(role)}   {words}")
    sys.stdout.flush()


def _say_where(settings: WebSettings, port: int) -> None:
    scheme = "https" if settings.tls_cert is not None else "http"
    host = settings.host
    if host in ("0.0.0.0", "::", ""):
        host = local_address()
    print(f"Headcount is at {scheme}://{in_url(host)}:{port}/ (Ctrl-C ends it)")
    sys.stdout.flush()
