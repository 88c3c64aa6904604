"""XML: its elements and texts, and never an entity."""

import pytest

from diascope.errors import InputError
from diascope.sources._xml import read_xml, text
from diascope.sources.folder import Folder, Unreadable

LAUGHS = """<?xml version="1.0"?>
<!DOCTYPE a [<!ENTITY ha "ha"><!ENTITY hahaha "&ha;&ha;&ha;">]>
<a>&hahaha;</a>"""
FETCHED = '<!DOCTYPE a [<!ENTITY secret SYSTEM "file:///etc/hostname">]><a>&secret;</a>'
UNUSED = '<!DOCTYPE a [<!ENTITY secret SYSTEM "file:///etc/hostname">]><a>none</a>'


def written(tmp_path, content, encoding="utf-8"):
    (tmp_path / "a.xml").write_text(content, encoding=encoding)
    return Folder(tmp_path)


def test_elements_have_their_texts(tmp_path):
    root = read_xml(written(tmp_path, "<a><b> one &amp; two </b><b>three</b></a>"), "a.xml")
    assert text(root, "b") == "one & two"
    assert [each.text for each in root.findall("b")] == [" one & two ", "three"]
    assert text(root, "c") == ""


def test_a_document_type_without_entities_is_read(tmp_path):
    declared = '<!DOCTYPE a SYSTEM "elsewhere.dtd"><a>told</a>'
    assert read_xml(written(tmp_path, declared), "a.xml").text == "told"


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_the_declared_encoding_is_followed(tmp_path, encoding):
    told = f'<?xml version="1.0" encoding="{encoding}"?><a>Rö</a>'
    assert read_xml(written(tmp_path, told, encoding), "a.xml").text == "Rö"


@pytest.mark.parametrize("content", [LAUGHS, FETCHED, UNUSED])
def test_an_entity_is_refused_where_it_is_declared(tmp_path, content):
    with pytest.raises(Unreadable, match="declares an entity"):
        read_xml(written(tmp_path, content), "a.xml")


@pytest.mark.parametrize(
    "content", ["", "<a>", "no xml", "<a></b>", '<?xml version="1.0" encoding="klingon"?><a/>']
)
def test_what_is_no_xml_is_refused(tmp_path, content):
    with pytest.raises(Unreadable, match=r"'a\.xml' is no XML"):
        read_xml(written(tmp_path, content), "a.xml")


def test_a_missing_file_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_xml(Folder(tmp_path), "a.xml")
