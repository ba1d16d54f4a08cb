"""`tiles serve`: the bundle behind HTTP."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tilecli.cli import terminal
from tilecli.cli.options import (
    BundleFolder,
    Engine,
    Model,
    Threshold,
    UncertainFrom,
    VerdictThreshold,
    bundle_folder,
)
from tilecli.cli.verb import verb

if TYPE_CHECKING:
    from tilecli.serving.service import Service
    from tilecli.serving.settings import ServeSettings

WHERE, BOUNDS, WATCH = "Where and who", "Bounds", "Watching"
_MB = 1_000_000


@verb
def serve(
    bundle: BundleFolder = None,
    model: Model = None,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.", rich_help_panel=WHERE)] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option("--port", "-p", min=0, max=65535, envvar="PORT", help="0: any free one.", rich_help_panel=WHERE),
    ] = 8000,
    no_auth: Annotated[
        bool, typer.Option("--no-auth", help="Ask nobody for a key, also from other machines.", rich_help_panel=WHERE)
    ] = False,
    cors: Annotated[
        list[str] | None,
        typer.Option(
            "--cors", metavar="ORIGIN", help="Pages of this origin may call; repeatable.", rich_help_panel=WHERE
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", "-w", min=1, help="Server processes.", rich_help_panel=BOUNDS)
    ] = 1,
    threads: Annotated[
        int | None,
        typer.Option(
            "--threads", min=1, help="Of each worker's engine; default: its share of the cores.", rich_help_panel=BOUNDS
        ),
    ] = None,
    queue: Annotated[
        int, typer.Option("--queue", min=0, help="Photos that may wait; more get 503.", rich_help_panel=BOUNDS)
    ] = 32,
    rate: Annotated[
        float | None,
        typer.Option(
            "--rate", min=0.01, help="Requests per second of one client; more get 429.", rich_help_panel=BOUNDS
        ),
    ] = None,
    timeout: Annotated[
        float, typer.Option("--timeout", min=0.1, help="Seconds for an answer; then 504.", rich_help_panel=BOUNDS)
    ] = 30.0,
    max_mb: Annotated[
        float, typer.Option("--max-mb", min=0.01, help="MB of one photo; more get 413.", rich_help_panel=BOUNDS)
    ] = 20.0,
    max_megapixels: Annotated[
        float,
        typer.Option(
            "--max-megapixels", min=0.001, max=250, help="Of one photo; more get 413.", rich_help_panel=BOUNDS
        ),
    ] = 40.0,
    drain: Annotated[
        float,
        typer.Option("--drain", min=0, help="Seconds for accepted requests when told to stop.", rich_help_panel=BOUNDS),
    ] = 20.0,
    threshold: Threshold = None,
    verdict_threshold: VerdictThreshold = None,
    uncertain_from: UncertainFrom = None,
    engine: Engine = "openvino",
    reload: Annotated[
        float,
        typer.Option(
            "--reload",
            min=0,
            help="Seconds between looks for a newer bundle; 0: only on SIGHUP.",
            rich_help_panel=WATCH,
        ),
    ] = 2.0,
    log_requests: Annotated[
        bool, typer.Option("--log-requests", help="A line for each request on standard error.", rich_help_panel=WATCH)
    ] = False,
    shadow: Annotated[
        str | None,
        typer.Option(
            "--shadow", metavar="URL", help="Send copies of requests there and compare.", rich_help_panel=WATCH
        ),
    ] = None,
    shadow_share: Annotated[
        float, typer.Option("--shadow-share", help="Of requests, 0–1.", rich_help_panel=WATCH)
    ] = 0.1,
    record: Annotated[
        Path | None, typer.Option("--record", metavar="DIR", help="Keep photos for labelling.", rich_help_panel=WATCH)
    ] = None,
    record_share: Annotated[
        float, typer.Option("--record-share", help="Of photos, 0–1.", rich_help_panel=WATCH)
    ] = 0.01,
    record_mb: Annotated[
        float, typer.Option("--record-mb", min=1, help="The oldest photos go beyond this.", rich_help_panel=WATCH)
    ] = 1000.0,
    drift_window: Annotated[
        int, typer.Option("--drift-window", min=50, help="Photos that drift is reckoned over.", rich_help_panel=WATCH)
    ] = 1000,
) -> None:
    """Answer over HTTP: a page, masks, verdicts, figures. Ctrl-C stops once accepted requests are answered.

    API keys, comma-separated, are read from TILES_API_KEYS; an address that other machines can reach demands them.

    Example: tiles serve --port 8080 --record photos/later
    """
    from tilecli.serving import settings as rules
    from tilecli.serving.settings import ServeSettings

    settings = ServeSettings(
        bundle=bundle_folder(bundle, model).absolute(),
        engine=engine,
        threshold=threshold,
        verdict_threshold=verdict_threshold,
        uncertain_from=uncertain_from,
        host=host,
        port=port,
        workers=workers,
        threads=threads,
        api_keys=rules.keys_from(os.environ.get(rules.KEYS_VARIABLE, "")),
        origins=tuple(cors or ()),
        rate=rate,
        max_body_bytes=round(max_mb * _MB),
        max_batch_bytes=round(10 * max_mb * _MB),
        max_pixels=round(max_megapixels * 1e6),
        queue=queue,
        timeout_s=timeout,
        drain_s=drain,
        reload_s=reload,
        shadow=shadow,
        shadow_share=shadow_share,
        record=record.absolute() if record is not None else None,
        record_share=record_share,
        record_bytes=round(record_mb * _MB),
        drift_window=drift_window,
        log_requests=log_requests,
    )
    rules.check(settings, no_auth=no_auth)
    _start(settings)


def _start(settings: ServeSettings) -> None:
    from tilecli.serving.door import images
    from tilecli.serving.process import logs

    images.limit_decoder(settings.max_pixels)
    from tilecli.serving.process.run import listen

    logs.set_up()
    made = listen(settings.host, settings.port)
    with made:
        if settings.workers > 1:
            from tilecli.serving.process.supervise import Supervisor

            Supervisor(settings, made, lambda version, url: _say_ready(settings, version, url)).run()
            return
        from tilecli.serving.process.run import serve as answer

        def ready(service: Service, url: str) -> None:
            _say_ready(settings, service.live.current.version, url)

        answer(settings, made, ready)


def _say_ready(settings: ServeSettings, version: str, url: str) -> None:
    guarded = "with API keys" if settings.api_keys else "without keys"
    several = f", {settings.workers} workers" if settings.workers > 1 else ""
    terminal.say(f"[good]ready[/] on [accent]{url}[/]: bundle {version}, {guarded}{several}")
    terminal.next_commands(f"curl -F image=@photo.jpg {url}/v1/predict")
