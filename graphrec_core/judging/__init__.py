"""Joins rooms to judge a region: its model, earlier models, its shard."""
