"""The `audit` program: parse, call, render, exit. Each command group has a file beside this one."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup
from typer.exceptions import Abort, Exit, TyperException

from forensics.errors import EXIT_FAIL_AT, EXIT_INTERRUPTED, ForensicsError, leaves

# Before torch is loaded: threads that wait by spinning make a busy machine's every step many times
# slower (a training step of two threads: 14.5 s spinning, 1.9 s sleeping, beside three programs).
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

DEFAULT_COMMAND = "video"

EXIT_CODES = "\n\n".join(
    [
        "0  examination completed, whatever the verdict",
        "2  usage error",
        f"{EXIT_FAIL_AT}  the verdict reached --fail-at",
        *[f"{kind.exit_code}  {kind.summary}" for kind in leaves()],
        f"{EXIT_INTERRUPTED}  interrupted (Ctrl-C)",
    ]
)

EPILOG = f"Exit codes:\n\n{EXIT_CODES}"


class AuditGroup(TyperGroup):
    """A group whose default command is the examination, and whose errors have exit codes."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take anything that is not a command for the default command's arguments."""
        own = {"--help", "--version", "--install-completion", "--show-completion"}
        if args and args[0] not in self.commands and args[0] not in own:
            args = [DEFAULT_COMMAND, *args]
        return list(super().parse_args(ctx, args))

    def invoke(self, ctx: Any) -> Any:
        """Run the command; turn our errors into one sentence and an exit code."""
        try:
            return super().invoke(ctx)
        except ForensicsError as error:
            _say(f"error: {error}")
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt as error:
            _say("interrupted: nothing of this run was kept that is not complete")
            raise typer.Exit(EXIT_INTERRUPTED) from error
        except BrokenPipeError as error:
            sys.stderr.close()
            raise typer.Exit(0) from error
        except (Exit, Abort, TyperException):
            raise
        except Exception as error:
            if os.environ.get("AUDIT_TRACEBACK"):
                raise
            kind = type(error).__name__
            _say(f"error: unexpected {kind}: {error}; AUDIT_TRACEBACK=1 shows where it happened")
            raise typer.Exit(1) from error


def _say(text: str) -> None:
    printable = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    Console(stderr=True, highlight=False).print(printable, markup=False, soft_wrap=True)


app = typer.Typer(
    name="audit",
    cls=AuditGroup,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EPILOG,
    help="Is the face in this video the face that was filmed?\n\n"
    "`audit VIDEO` examines a video or picture; `audit video --help` lists its options.",
)


def _version(wanted: bool) -> None:
    if not wanted:
        return
    from forensics.environment import libraries, tool_version
    from forensics.interpretation.calibration import shipped

    print(f"face-swap-audit {tool_version()}")
    for calibration in shipped():
        print(f"calibration {calibration.source} {calibration.id}")
        for name, digest in calibration.model_digests.items():
            print(f"model {name} {digest[:16]}")
    for name, version in libraries().items():
        print(f"{name} {version}")
    raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True,
            help="Print the versions of the tool, its models and its libraries.",
        ),
    ] = False,
) -> None:  # fmt: skip
    """Hold the options that belong to no command."""


COMMANDS = {
    "video": ("forensics.cli_video", "video"),
    "report": ("forensics.cli_report", "report"),
    "benchmark": ("forensics.cli_benchmark", "benchmark"),
    "validate": ("forensics.cli_validate", "validate"),
    "compare": ("forensics.cli_sources", "compare"),
    "benchmark-sources": ("forensics.cli_benchmark_sources", "benchmark_sources"),
}
LATE = {"generate": ("reference_generators.cli", "generate")}
"""Commands from outside `forensics`, found by name: the auditor imports no generator."""

GROUPS = {
    "case": ("forensics.cli_case", "app"),
    "sources": ("forensics.cli_sources", "app"),
    "train": ("forensics.cli_train", "app"),
    "calibrate": ("forensics.cli_calibrate", "app"),
}

if importlib.util.find_spec("reference_generators"):
    COMMANDS |= LATE
for _name, (_module, _function) in COMMANDS.items():
    if importlib.util.find_spec(_module):
        app.command(_name)(getattr(importlib.import_module(_module), _function))
for _name, (_module, _group) in GROUPS.items():
    if importlib.util.find_spec(_module):
        app.add_typer(getattr(importlib.import_module(_module), _group), name=_name)


def main() -> None:
    """Run the program."""
    app()


if __name__ == "__main__":
    main()
