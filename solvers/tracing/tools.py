"""Names of well-known programs: tools that read no source, wrappers that run another command, and interpreters."""

from __future__ import annotations

import re

__all__ = [
    "ELSEWHERE",
    "KEYWORDS",
    "LANGUAGES",
    "MAKES",
    "PYTHON",
    "QUIET",
    "RUNNERS",
    "SCRIPTED",
    "SHELLS",
    "SILENT_OPTIONS",
    "TOOLS",
    "WRAPPERS",
]


def _names(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


PYTHON = re.compile(r"(?:python|pypy)[\d.]*")
SHELLS = _names("sh bash dash ash ksh zsh")
MAKES = _names("make gmake")
KEYWORDS = _names("if then else elif while until do ! { } time fi done esac")
"""Words of a shell before a command."""
QUIET = _names(
    "for case select in function [ [[ test true false : echo printf set unset shift exit return break continue",
    "read sleep wait kill jobs ulimit umask export declare local readonly typeset let getopts shopt hash type",
    "pwd cd pushd popd dirname basename realpath readlink which mkdir rmdir rm touch date seq tr",
    "tee chmod nproc uname hostname mktemp ls sync stat du df id whoami",
    "yes times expr bc fi done esac",
)
"""Commands that run no file and print none, whatever their words are."""
SCRIPTED = _names("awk gawk mawk sed")
"""Commands whose words are texts in a language of their own."""
TOOLS = _names(
    "head tail sort uniq cut wc grep egrep fgrep",
    "cp mv ln cat tar unzip gzip gunzip zcat bzip2 xz diff cmp paste join comm find install",
    "dd rsync jq od xxd base64 md5sum sha256sum column nl fold split",
)
"""Commands whose files are those among their words."""
WRAPPERS: dict[str, tuple[frozenset[str], int]] = {
    "env": (frozenset({"-u", "--unset", "-C", "--chdir"}), 0),
    "exec": (frozenset({"-a"}), 0),
    "command": (frozenset(), 0),
    "builtin": (frozenset(), 0),
    "nice": (frozenset({"-n", "--adjustment"}), 0),
    "nohup": (frozenset(), 0),
    "time": (frozenset({"-f", "-o"}), 0),
    "timeout": (frozenset({"-k", "-s", "--kill-after", "--signal"}), 1),
    "stdbuf": (frozenset({"-i", "-o", "-e"}), 0),
    "setsid": (frozenset(), 0),
    "ionice": (frozenset({"-c", "-n"}), 0),
    "taskset": (frozenset(), 1),
    "chrt": (frozenset(), 1),
    "numactl": (frozenset(), 0),
    "xvfb-run": (frozenset(), 0),
}
"""Programs that run the command after their options: the options that take a value, and the number of other words."""
RUNNERS = _names("uv poetry pipenv pdm hatch rye pixi conda mamba micromamba")
"""Managers of environments, whose subcommand `run` runs a command."""
SILENT_OPTIONS = _names(
    "--project --directory --with --with-editable --with-requirements --python -p --env-file --extra --group",
    "--index --index-url --only-group --no-group -e -n --name --prefix --manifest-path -C -P --environment",
)
"""Options of managers that take a value."""
LANGUAGES: dict[str, tuple[str, ...]] = {
    "node": ("-e", "--eval", "-p", "--print"),
    "nodejs": ("-e", "--eval", "-p", "--print"),
    "deno": (),
    "bun": ("-e", "--eval"),
    "tsx": (),
    "ts-node": ("-e",),
    "ruby": ("-e",),
    "perl": ("-e", "-E"),
    "Rscript": ("-e",),
    "julia": ("-e", "-E", "--eval", "--print"),
    "lua": ("-e",),
    "luajit": ("-e",),
    "php": ("-r",),
    "octave": ("--eval",),
    "octave-cli": ("--eval",),
    "guile": ("-c",),
    "racket": ("-e",),
    "tclsh": (),
    "java": (),
    "elixir": ("-e",),
    "escript": (),
    "sbcl": ("--eval",),
    "swipl": ("-g",),
}
"""Interpreters of other languages, and their options that take a text of the language."""

ELSEWHERE = _names(
    "eval fish docker podman singularity apptainer ssh scp curl wget srun sbatch salloc mpirun mpiexec parallel",
    "xargs kubectl sudo su chroot nix-shell nix npx go cargo dotnet gcc g++ cc c++ clang clang++ rustc ghc",
    "nvcc javac gfortran tmux screen at batch crontab watch entr socat nc telnet git svn hg pip pip3 npm yarn",
    "pnpm uvx pipx",
)
"""Programs that fetch, build or run files that no word of the command names."""
