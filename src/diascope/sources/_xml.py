"""XML of data sets, read without what makes XML dangerous.

Entities are refused where they are declared, so that none can be expanded (a few lines may stand
for gigabytes) or fetched from a file or an address.
"""

from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from diascope.sources.folder import Folder, Unreadable


def read_xml(folder: Folder, name: str) -> Element:
    """The root element of a file; Unreadable where it is no XML, or declares an entity.

    InputError where the file is missing.
    """
    builder = TreeBuilder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = _refused
    content = folder.bytes(name)
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise Unreadable(f"{name!r} is no XML that is read ({error})") from None
    return builder.close()


def text(element: Element, tag: str) -> str:
    """The text of the first child of this name, without spaces round it; empty without one."""
    return (element.findtext(tag) or "").strip()


def _refused(*_: object) -> NoReturn:
    raise ValueError("it declares an entity, which is refused")
