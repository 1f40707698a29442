"""validate-source: judges every row and every table; bad rows go to quarantine.

The validation's id contains a digest of the source's rows, so that the same rows give the same
decision, and corrected rows are judged again.
"""

import logging
from datetime import datetime

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.engine import open_engine
from graphrec_core.lake import Lake, Manifest, artifact_id, attempt, find_artifact
from graphrec_core.quality import check_source
from graphrec_core.quality.findings import digests, quarantine
from graphrec_core.quality.refusal import refuse_bad_tables
from graphrec_core.quality.suites import check_tables
from graphrec_core.snapshot.calendar import open_calendar
from graphrec_core.sources.root import source_areas
from graphrec_core.types import Region

logger = logging.getLogger(__name__)


def run(config: PipelineConfig, as_of: datetime, region: Region) -> Manifest:
    """Validates the source.

    Raises:
        UnreadableSourceError: A raw table cannot be read.
        SchemaError: A SELECT does not yield its canonical table.
        EmptyTableError: A table has no good row.
        BadRowsError: A table has more bad rows than ``source.max_bad_rows_frac``; they are in
            quarantine.
        ExpectationError: A suite failed.
    """
    lake = Lake(config)
    with open_engine(config, lake) as engine:
        checked = check_source(engine, config, lake, as_of)
        # Holidays and areas that build-snapshot could not use are refused here.
        open_calendar(engine, config, as_of)
        source_areas(config, lake)
        (found,) = digests(engine, checked)
        inputs = {name: f"{row['num_rows']}:{row['digest']}" for name, row in found.items()}
        validation_id = artifact_id(StepName.VALIDATE, config, as_of, region, inputs)
        folder = lake.layout.validation(as_of, validation_id)
        done = find_artifact(lake.storage, folder)
        if done is None:
            with attempt(lake.storage, folder, validation_id) as trial:
                tables = {
                    str(name): quarantine(engine, table, found[str(name)], trial)
                    for name, table in checked.items()
                }
                stats = {"tables": tables}
                done = trial.commit(StepName.VALIDATE, config, as_of, region, inputs, stats)
        summaries = done.manifest.stats["tables"]
        refuse_bad_tables(config, lake.storage.uri(done.base), as_of, summaries)
        docs = lake.layout.data_docs(as_of)
        check_tables(engine, config, checked.values(), summaries, as_of, lake.storage, docs)
        logger.info("Data Docs: %s/index.html", lake.storage.uri(docs))
    return done.manifest
