"""The shelf of notes by the official SDK for Python: python shelf_mcp.py PORT"""
import sys
from mcp.server import MCPServer

server = MCPServer("shelf")
notes = {"n1": "Buy oat milk"}


@server.tool()
def list_notes() -> list[dict[str, str]]:
    """All notes."""
    return [{"id": id, "title": title} for id, title in notes.items()]


@server.tool()
def create_note(title: str) -> dict[str, str]:
    """Adds a note."""
    id = f"n{len(notes) + 1}"
    notes[id] = title
    return {"id": id, "title": title}


@server.tool()
def get_note(id: str) -> dict[str, str]:
    """One note."""
    if id not in notes:
        raise ValueError(f"Note with id {id} not found")
    return {"id": id, "title": notes[id]}


@server.tool()
def delete_note(id: str) -> bool:
    """Removes a note."""
    return notes.pop(id, None) is not None


server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]))
