"""Joins rooms to judge a region: its model and vectors, earlier models, its shard."""
