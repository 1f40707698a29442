"""Names of the recommenders that are measured beside each other, earlier releases apart."""

MODEL = "model"
POPULARITY = "popularity"
RECENT_POPULARITY = "recent_popularity"
COVISITATION = "covisitation"
