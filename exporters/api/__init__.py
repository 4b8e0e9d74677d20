"""The read model over HTTP, for pages and programs: answers, corrections, events as they come.

Ids and scopes hold any characters, slashes too, so they travel in the query, never in the path.
"""
