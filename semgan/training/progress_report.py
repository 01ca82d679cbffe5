"""A run's folder as it grows: lines of metrics, pictures and the page, written from the loop's values."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from semgan.config import flatten
from semgan.progress import say
from semgan.training import example_pictures, metrics, page
from semgan.training.grids import GridExamples, Sample


@contextmanager
def going_on(path: Path) -> Iterator[None]:
    """Turns a write that fails, such as on a full disk, into a warning: training goes on."""
    try:
        yield
    except OSError as error:
        say(f"semgan: warning: {path} COULD NOT BE WRITTEN ({error.strerror}); training goes on: free the disk")


class ProgressReport:
    """Writes what a run shows of itself.

    Args:
      workdir: the run's folder.
      config: with the domains filled in.
      examples: what the pictures show.
      kinds: names of what the algorithm samples.
      step, position: where training goes on; what was written after is dropped.
      start_time: `time.monotonic()` when the process began.
      minutes: what the run took before this process.
      writes: whether to write and say anything; of several processes the first does.

    Attributes:
      best: what the page says of the best evaluation so far; None where there is none.
    """

    def __init__(
        self,
        workdir: Path,
        config: ConfigDict,
        examples: GridExamples,
        kinds: frozenset[str],
        *,
        step: int,
        position: int,
        start_time: float,
        minutes: float,
        writes: bool = True,
    ):
        self._workdir, self._config, self._examples, self._kinds = workdir, config, examples, kinds
        self._start_time, self._minutes_before = start_time, minutes
        self.best: page.BestNote | None = None
        self._log = metrics.MetricsLog(workdir, step) if writes else None
        self._log_path = workdir / metrics.FILE
        self._marked_step, self._marked_position = step, position
        self._marked_time: float | None = None
        for picture_step, path in self.pictures().items() if writes else ():
            if picture_step > step:
                path.unlink()

    def minutes(self) -> float:
        """Minutes that the run has taken, over all processes that worked on it."""
        return self._minutes_before + (time.monotonic() - self._start_time) / 60

    @property
    def clock_runs(self) -> bool:
        """Returns whether rates are measured yet."""
        return self._marked_time is not None

    def start_clock(self, position: int) -> None:
        """Measures rates from here on: the first step has been compiled and run."""
        self._marked_time, self._marked_position = time.monotonic(), position

    @contextmanager
    def pause_clock(self) -> Iterator[None]:
        """Excludes the time spent inside from the rates."""
        began = time.monotonic()
        yield
        if self._marked_time is not None:
            self._marked_time += time.monotonic() - began

    def interval(self, totals: metrics.Totals, step: int, position: int, deadline: float | None) -> metrics.LogLine:
        """Writes the line of the steps since the last one and prints it."""
        values = metrics.means(totals)  # waits for the device, so the time is taken after it
        steps = step - self._marked_step
        skipped = round((values.pop("skipped") or 0.0) * steps)
        now = time.monotonic()
        rate = self._rate(position, now)
        line: metrics.LogLine = {
            "step": step,
            "kimg": position / 1000,
            "steps": steps,
            "skipped": skipped,
            **values,
            "time/minutes": round(self.minutes(), 4),
            "time/images_per_second": rate,
        }
        self._write(line)
        seconds_left = None if not rate else (1000 * self._config.total_kimg - position) / rate
        if seconds_left is not None and deadline is not None:
            seconds_left = min(seconds_left, deadline - now)
        say(metrics.progress_line(line, self._config.total_kimg, None if seconds_left is None else max(seconds_left, 0.0)))
        self._marked_step, self._marked_position = step, position
        self._marked_time = now
        return line

    def _rate(self, position: int, now: float) -> float | None:
        """Images per second since the last line; None where there was no time to measure."""
        seconds = 0.0 if self._marked_time is None else now - self._marked_time
        images = position - self._marked_position
        return images / seconds if seconds > 0 and images else None

    @property
    def lines(self) -> list[metrics.LogLine]:
        """The lines of the run's log so far."""
        return self._log.lines if self._log else []

    def _write(self, line: metrics.LogLine) -> None:
        if self._log:
            with going_on(self._log_path):
                self._log.write(line)

    def scores(self, scores: dict[str, Any], step: int, position: int) -> None:
        """Writes the line of an evaluation's scores by name."""
        values = {f"eval/{name}": value for name, value in scores.items()}
        self._write({"step": step, "kimg": position / 1000, **values, "time/minutes": round(self.minutes(), 4)})

    def picture(self, sample: Sample, step: int, caption: str = "") -> Path:
        """Draws the fixed examples, and rewrites the page around them."""
        path = self._workdir / "pictures" / example_pictures.file_name(step)
        with going_on(path):
            example_pictures.save(path, example_pictures.picture(self._examples, sample, self._config.data.domains, self._kinds, caption))
        self.page()
        return path

    def pictures(self) -> dict[int, Path]:
        """Step -> picture, oldest first."""
        paths = sorted((self._workdir / "pictures").glob("*.png"))
        return {int(path.stem): path for path in paths if re.fullmatch(r"\d{8,}", path.stem)}

    def page(self) -> Path:
        path = self._workdir / "index.html"
        config = self._config
        relation = "of" if "sample" in self._kinds else "between"
        about = f"{config.algorithm} on {config.data.name} at {config.image_size} px, {relation} {', '.join(config.data.domains)}"
        relative = {step: f"pictures/{picture.name}" for step, picture in self.pictures().items()}
        with going_on(path):
            name, flat = self._workdir.resolve().name, flatten(config)
            page.write(path, page.Overview(name, flat, about, self.lines, relative, self._kinds, self.best))
        return path

    def close(self) -> None:
        if not self._log:
            return
        with going_on(self._log_path):
            self._log.close()
