"""SQLite in a file. ``features FILE``; ``write FILE MODE``: transfers until killed; ``hang FILE MODE``: killed within one; ``read FILE``."""
import json
import sqlite3
import sys

what, path, *mode = sys.argv[1:]
ACCOUNTS = 100


def opened() -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    if mode:
        connection.execute(f"PRAGMA journal_mode={mode[0]}")
    return connection


def features(connection: sqlite3.Connection) -> dict:
    connection.execute("CREATE VIRTUAL TABLE notes USING fts5(title, body, tokenize='porter unicode61')")
    connection.executemany("INSERT INTO notes VALUES (?, ?)", [("one", "the quick brown foxes jumped"), ("two", "über den Wolken"), ("three", "no animals")])
    connection.execute("CREATE TABLE documents (doc TEXT CHECK (json_valid(doc)))")
    connection.execute("INSERT INTO documents VALUES (?)", ('{"name": "pump", "limits": [1, 2.5, 4]}',))
    connection.execute("CREATE VIRTUAL TABLE places USING rtree(id, x0, x1, y0, y1)")
    connection.execute("INSERT INTO places VALUES (1, 0, 10, 0, 10)")
    connection.create_function("twice", 1, lambda x: 2 * x)
    connection.create_collation("backwards", lambda a, b: (a < b) - (a > b))

    def all_of(words):
        return [row[0] for row in connection.execute(words)]
    return {
        "fts5": all_of("SELECT title FROM notes WHERE notes MATCH 'fox jump*' ORDER BY rank"), "umlaut": all_of("SELECT title FROM notes WHERE notes MATCH 'UBER'"),
        "json": all_of("SELECT json_extract(doc, '$.limits[#-1]') FROM documents") + all_of("SELECT value FROM documents, json_each(doc, '$.limits')"),
        "arrow": all_of("SELECT doc ->> 'name' FROM documents"), "rtree": all_of("SELECT id FROM places WHERE x0 <= 5 AND x1 >= 5"),
        "function": all_of("SELECT twice(21)"), "mathematics": all_of("SELECT round(sqrt(2), 3)"),
        "collation": all_of("SELECT title FROM notes ORDER BY title COLLATE backwards"),
        "values": connection.execute("SELECT ?, ?, ?, ?", (2**63 - 1, 0.1, "ä€😀", None)).fetchone(),
        "window": all_of("SELECT sum(value) OVER (ORDER BY value) FROM json_each('[1, 2, 3]')"),
        "backup": backed_up(connection), "threadsafety": sqlite3.threadsafety}


def backed_up(connection: sqlite3.Connection) -> list:
    other = sqlite3.connect(":memory:")
    connection.backup(other)
    return [row[0] for row in other.execute("SELECT count(*) FROM notes")]


def transfer(connection: sqlite3.Connection, number: int) -> None:
    """Move a sum between two accounts, and note the transfer."""
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE accounts SET amount = amount - ? WHERE id = ?", (number, number % ACCOUNTS))
    connection.execute("UPDATE accounts SET amount = amount + ? WHERE id = ?", (number, (number * 7 + 1) % ACCOUNTS))
    connection.execute("INSERT INTO transfers VALUES (?)", (number,))
    connection.execute("COMMIT")


def write(connection: sqlite3.Connection) -> None:
    """Transfer, and tell about each when it is committed."""
    connection.execute("CREATE TABLE accounts (id INTEGER PRIMARY KEY, amount INTEGER)")
    connection.execute("CREATE TABLE transfers (number INTEGER PRIMARY KEY)")
    connection.executemany("INSERT INTO accounts VALUES (?, 1000)", [(number,) for number in range(ACCOUNTS)])
    number = 0
    while True:
        number += 1
        transfer(connection, number)
        print(number, flush=True)


def hang(connection: sqlite3.Connection) -> None:
    """Write more within a transaction than the cache holds, so that it reaches the file; then wait to be killed."""
    connection.execute("PRAGMA cache_size=10")
    connection.execute("BEGIN")
    connection.execute("UPDATE accounts SET amount = 0")
    connection.execute("CREATE TABLE ballast AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
                       "SELECT i, hex(zeroblob(100)) FROM n")
    print("open", flush=True)
    sys.stdin.read()


def read(connection: sqlite3.Connection) -> dict:
    return {"check": connection.execute("PRAGMA integrity_check").fetchone()[0],
            "sum": connection.execute("SELECT sum(amount) FROM accounts").fetchone()[0],
            "transfers": connection.execute("SELECT count(*), max(number) FROM transfers").fetchone(),
            "tables": sorted(row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'"))}


print(json.dumps({"features": features, "write": write, "hang": hang, "read": read}[what](opened())))
