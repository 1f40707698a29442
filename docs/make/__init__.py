"""Makes the generated parts of the documents: ``make docs`` runs all of it."""
