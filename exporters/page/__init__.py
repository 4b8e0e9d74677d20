"""The page: HTML shells, style sheets and JavaScript modules that ask the API.

It is a client of the API like any other. Every shell is the same for everyone; what it shows
comes as JSON and is put into the document as text, never as markup.
"""
