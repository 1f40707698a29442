"""Judges every row and every table of a source; bad rows go to quarantine.

The validation's id contains a digest of the source's rows, so that the same rows give the same
decision, and corrected rows are judged again.
"""

import logging

from graphrec_core.config import StepName
from graphrec_core.day import Day
from graphrec_core.engine import open_engine
from graphrec_core.engine.ahead import load_ahead
from graphrec_core.intake import check_source
from graphrec_core.intake.findings import digests, quarantine
from graphrec_core.intake.refusal import refuse_bad_tables
from graphrec_core.intake.root import source_areas
from graphrec_core.lake import Artifact, Attempt
from graphrec_core.lake.records import ValidationFigures

logger = logging.getLogger(__name__)


def check_day_source(day: Day) -> Artifact:
    """Validates the day's source.

    Returns:
        The validation, made now or found.


    Raises:
        UnreadableSourceError: A raw table cannot be read.
        SchemaError: A SELECT does not yield its canonical table.
        EmptyTableError: A table has no good row.
        BadRowsError: A table has more bad rows than ``source.max_bad_rows_frac``; they are in
            quarantine.
        ExpectationError: A suite failed.
    """
    config, lake, as_of = day.config, day.lake, day.as_of
    load_ahead(config, "graphrec_core.quality.suites")
    with open_engine(config, lake) as engine:
        checked = check_source(engine, config, lake, as_of)
        source_areas(config, lake)  # areas that build-snapshot could not use are refused here
        (found,) = digests(engine, checked)

        def write(trial: Attempt) -> ValidationFigures:
            tables = {
                str(name): quarantine(engine, table, found[str(name)], trial)
                for name, table in checked.items()
            }
            return ValidationFigures(tables=tables)

        inputs = {name: f"{row.num_rows}:{row.digest}" for name, row in found.items()}
        done = day.produce(day.ref(StepName.VALIDATE, given=inputs), write)
        summaries = done.manifest.figures(ValidationFigures).tables
        refuse_bad_tables(config, lake.storage.uri(done.base), as_of, summaries)
        from graphrec_core.quality.suites import check_tables  # noqa: PLC0415  (loaded ahead)

        docs = lake.layout.data_docs(as_of)
        check_tables(engine, config, checked.values(), summaries, as_of, lake.storage, docs)
        logger.info("Data Docs: %s/index.html", lake.storage.uri(docs))
    return done
