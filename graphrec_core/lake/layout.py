"""Every path of the lake, made from typed ids, relative to the lake's root."""

import hashlib
import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, unquote

from graphrec_core.config import STEPS, StepName
from graphrec_core.types import ALL_REGIONS, ArtifactId, Region, View, format_instant

PART = "part-00000.parquet"
MANIFEST = "manifest.json"
RUN = "run.json"


REGION = "region="
MAX_FOLDER = 255
"""Bytes of a folder's name that every file system takes."""
START_BYTES = 80
SHORTENED = re.compile(r"![0-9a-f]{32}$")
"""How a shortened name ends: ``!`` stands in no encoded name, and a hash of the whole name."""


def region_folder(region: Region) -> str:
    """Names a region's folder; characters that a path cannot hold are percent-encoded.

    A dot is encoded too, so that no region can name a parent folder. A name that would not fit is
    its start and a hash; see ``shortened_regions`` for the way back.
    """
    encoded = _encoded(region)
    if len(REGION) + len(encoded) <= MAX_FOLDER and not SHORTENED.search(region):
        return REGION + encoded
    ends = itertools.accumulate(len(_encoded(letter)) for letter in region)
    start = _encoded(region[: sum(1 for end in ends if end <= START_BYTES)])
    name_hash = hashlib.sha256(region.encode()).hexdigest()[:32]
    return f"{REGION}{start}!{name_hash}"


def region_of_folder(name: str, shortened: Iterable[Region] = ()) -> Region:
    """Reads the region back from its folder's name.

    Args:
        name: The folder's name.
        shortened: Regions that may have a shortened name.
    """
    value = unquote(name.removeprefix(REGION))
    return shortened_regions(shortened).get(value, Region(value))


def shortened_regions(regions: Iterable[Region]) -> dict[str, Region]:
    """Returns what a reader takes for the region (the folder's value) where it is not its name."""
    folders = ((unquote(region_folder(region)), region) for region in regions)
    values = ((folder.removeprefix(REGION), region) for folder, region in folders)
    return {value: region for value, region in values if value != region}


def _encoded(text: str) -> str:
    return quote(text, safe="").replace(".", "%2E")


def nodes_file(view: View, ntype: str, region: Region) -> str:
    """Names a snapshot's node file, relative to the artefact."""
    return f"view={view}/nodes/{ntype}/{region_folder(region)}/{PART}"


def edges_file(view: View, etype: str, region: Region) -> str:
    """Names a snapshot's edge file, relative to the artefact."""
    return f"view={view}/edges/{etype}/{region_folder(region)}/{PART}"


def holdout_table(after: View) -> str:
    """Names the folder of the holdout that begins where a view ends, relative to the artefact."""
    return {View.FIT: "fit_holdout", View.TRAIN: "holdout"}[after]


def holdout_file(region: Region, after: View = View.TRAIN) -> str:
    """Names a snapshot's holdout file, relative to the artefact."""
    return f"{holdout_table(after)}/{region_folder(region)}/{PART}"


def vectors_file(view: View, region: Region, ntype: str) -> str:
    """Names a file of embeddings, relative to the artefact."""
    return f"view={view}/{region_folder(region)}/{ntype}/{PART}"


def topn_file(view: View, region: Region) -> str:
    """Names the file of a scorer's best candidates per query, relative to the artefact."""
    return f"view={view}/{region_folder(region)}/topn/{PART}"


def list_file(view: View, region: Region) -> str:
    """Names the file of a scorer's only list, relative to the artefact."""
    return f"view={view}/{region_folder(region)}/list/{PART}"


def region_file(region: Region) -> str:
    """Names the only file of a region, of an artefact of a whole day, relative to it."""
    return f"{region_folder(region)}/{PART}"


@dataclass(frozen=True)
class Layout:
    """The folders of one pipeline."""

    pipeline: str

    def folder(
        self,
        step: StepName,
        artifact_id: ArtifactId,
        as_of: datetime | None = None,
        region: Region = ALL_REGIONS,
    ) -> str:
        """Place of a step's result, as the table of steps has it; a release's is a file.

        Raises:
            LookupError: The step leaves no result, or its place needs an instant.
        """
        if not (template := STEPS[step].folder):
            raise LookupError(f"{step} leaves no result")
        known = {"id": artifact_id, "region": region_folder(region)}
        if as_of is not None:
            known["as_of"] = format_instant(as_of)
        return f"{self.pipeline}/{template.format_map(known)}"

    def _all(self, step: StepName) -> str:
        """Folder of all results of a step."""
        return f"{self.pipeline}/{STEPS[step].folder.partition('/')[0]}"

    def town(self, artifact_id: ArtifactId) -> str:
        """Folder of a generated town's tables."""
        return f"{self.pipeline}/town/{artifact_id}"

    def validation(self, as_of: datetime, artifact_id: ArtifactId) -> str:
        """Folder of one validation: its rejected rows, one table each."""
        return self.folder(StepName.VALIDATE, artifact_id, as_of)

    def data_docs(self, as_of: datetime) -> str:
        """Folder of the Data Docs of a day's tables."""
        return f"{self.pipeline}/data_docs/as_of={format_instant(as_of)}"

    @property
    def snapshots(self) -> str:
        """Folder of all snapshots."""
        return self._all(StepName.SNAPSHOT)

    def snapshot(self, as_of: datetime, artifact_id: ArtifactId) -> str:
        """Folder of a snapshot."""
        return self.folder(StepName.SNAPSHOT, artifact_id, as_of)

    @property
    def revisions(self) -> str:
        """Folder of the records of all revisions."""
        return f"{self.pipeline}/revisions"

    def snapshot_revisions(self, as_of: datetime, first_id: ArtifactId) -> str:
        """Folder of the records of a snapshot's revisions; ``first_id`` is that of the first."""
        return f"{self.revisions}/as_of={format_instant(as_of)}/{first_id}"

    def revision(self, as_of: datetime, first_id: ArtifactId, number: int) -> str:
        """File of the record of one revision."""
        return f"{self.snapshot_revisions(as_of, first_id)}/{number}.json"

    def snapshot_docs(self, as_of: datetime) -> str:
        """Folder of the Data Docs of a day's snapshot."""
        return f"{self.pipeline}/snapshot_docs/as_of={format_instant(as_of)}"

    def verdict(self, as_of: datetime, artifact_id: ArtifactId) -> str:
        """Folder of what the suites said of a snapshot."""
        return self.folder(StepName.CHECK, artifact_id, as_of)

    def model(self, region: Region, artifact_id: ArtifactId) -> str:
        """Folder of a trained model."""
        return self.folder(StepName.TRAIN, artifact_id, region=region)

    def embedding(self, artifact_id: ArtifactId) -> str:
        """Folder of the vectors of one view."""
        return self.folder(StepName.EMBED, artifact_id)

    def evaluation(self, region: Region, artifact_id: ArtifactId) -> str:
        """Folder of a region's evaluation."""
        return self.folder(StepName.EVALUATE, artifact_id, region=region)

    def shard(self, region: Region, artifact_id: ArtifactId) -> str:
        """Folder of a region's shard."""
        return self.folder(StepName.SHARD, artifact_id, region=region)

    @property
    def releases(self) -> str:
        """Folder of all releases."""
        return self._all(StepName.PUBLISH)

    def release(self, artifact_id: ArtifactId) -> str:
        """File of a release."""
        return self.folder(StepName.PUBLISH, artifact_id)

    @property
    def catalogue(self) -> str:
        """Folder of the names by which releases are found; it may be removed."""
        return f"{self.pipeline}/catalogue"

    @property
    def catalogued_days(self) -> str:
        """Folder that names every release, month by month."""
        return f"{self.catalogue}/days"

    def catalogued_region(self, region: Region) -> str:
        """Folder that names the releases that may be a measure in a region, month by month."""
        return f"{self.catalogue}/{region_folder(region)}"

    @property
    def older_releases(self) -> str:
        """File of what the catalogue says of the releases before it."""
        return f"{self.catalogue}/older.json"

    def backtest(self, first: str, last: str) -> str:
        """File of the page about the releases of some days, each as ``20100901T000000Z``."""
        return f"{self.pipeline}/backtests/{first}-{last}.html"

    def tuning(self, artifact_id: ArtifactId) -> str:
        """File of the trials of one study of ``graphrec tune``."""
        return f"{self.pipeline}/tuning/{artifact_id}.journal"

    def report(self, as_of: datetime) -> str:
        """Folder of a day's report."""
        return f"{self.pipeline}/reports/as_of={format_instant(as_of)}"

    def release_run(self, artifact_id: ArtifactId) -> str:
        """File of what publishing a release took."""
        return f"{self.pipeline}/release_runs/{artifact_id}.json"

    @property
    def scratch(self) -> str:
        """Folder of the engines' intermediate files, one folder per running engine."""
        return f"{self.pipeline}/scratch"

    @property
    def live(self) -> str:
        """The one mutable file."""
        return f"{self.pipeline}/LIVE.json"
