"""A run folder: all that a run was given, told and learned, and nothing lost to a crash.

config.json  metrics.jsonl  results.json  selection.json  *.safetensors  report.html  plots
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from tinyxm.data.sources import beside


class RunFolder:
    """The folder of one run. `config` is what the run was given, as config.json holds it.

    Raises FileNotFoundError where there is no run, ValueError where its configuration can't be read.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not (self.path / "config.json").is_file():
            raise FileNotFoundError(f"run: {self.path} holds no run (no config.json); `tinyxm train` starts one")
        self.config: dict[str, Any] = self._read("config.json")

    @classmethod
    def create(cls, path: str | Path, config: dict[str, Any], resume: bool = False) -> RunFolder:
        """Make the folder, or with `resume` open it if it is of a run with this very configuration.

        Raises FileExistsError for a folder that holds anything already, ValueError for a run of another configuration.
        """
        path = Path(path)
        if resume:
            folder = cls(path)
            differing = [key for key in {*config, *folder.config} if config.get(key) != folder.config.get(key)]
            if differing:
                was = ", ".join(f"{key} {folder.config.get(key)}, not {config.get(key)}" for key in sorted(differing))
                raise ValueError(f"run: {path} was started with {was}; resume with the same, or give another --out")
            return folder
        if path.exists() and not path.is_dir():
            raise FileExistsError(f"run: {path} is a file; name a folder with --out")
        if path.exists() and any(path.iterdir()):
            way = "go on from it with --resume, or name" if (path / "config.json").exists() else "it is no run; name"
            raise FileExistsError(f"run: {path} exists; {way} another folder with --out")
        path.mkdir(parents=True, exist_ok=True)
        with beside(path / "config.json") as part:
            part.write_text(json.dumps(config, indent=2) + "\n", "utf-8")
        return cls(path)

    def log(self, record: dict[str, Any]) -> None:
        """Add one line to metrics.jsonl."""
        with (self.path / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")

    def metrics(self) -> list[dict[str, Any]]:
        """The lines of metrics.jsonl; one that a crash cut short, or that is no record of a step, is left out."""
        records = []
        if (self.path / "metrics.jsonl").exists():
            for line in (self.path / "metrics.jsonl").read_text("utf-8", errors="replace").splitlines():
                with suppress(json.JSONDecodeError):
                    record = json.loads(line)
                    if isinstance(record, dict) and record.keys() >= {"stage", "step"}:
                        records.append(record)
        return records

    def rewind(self, stage: str, step: int) -> None:
        """Forget what a stage logged after this step: the run goes on from there."""
        records = self.metrics()
        kept = [record for record in records if record["stage"] != stage or record["step"] <= step]
        if len(kept) == len(records):
            return
        with beside(self.path / "metrics.jsonl") as part:
            part.write_text("".join(json.dumps(record) + "\n" for record in kept), "utf-8")

    def write_results(self, results: dict[str, Any]) -> None:
        with beside(self.path / "results.json") as part:
            part.write_text(json.dumps(results, indent=2) + "\n", "utf-8")

    def results(self) -> dict[str, Any]:
        """results.json. Raises FileNotFoundError where the run hasn't finished."""
        if not (self.path / "results.json").exists():
            raise FileNotFoundError(f"run: {self.path} has no results yet; finish it with --resume")
        return self._read("results.json")

    def selection(self) -> dict[str, Any]:
        """selection.json: which settings were tried, and which were chosen; empty where nothing was chosen."""
        return self._read("selection.json") if (self.path / "selection.json").exists() else {}

    def write_selection(self, selection: dict[str, Any]) -> None:
        with beside(self.path / "selection.json") as part:
            part.write_text(json.dumps(selection, indent=2) + "\n", "utf-8")

    def _read(self, name: str) -> dict[str, Any]:
        try:
            value = json.loads((self.path / name).read_text("utf-8"))
        except ValueError as error:
            raise ValueError(f"run: {self.path / name} can't be read: {error}") from None
        if not isinstance(value, dict):
            raise ValueError(f"run: {self.path / name} can't be read: it holds no JSON object")
        return value
