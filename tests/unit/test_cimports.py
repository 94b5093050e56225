from dataclasses import replace

import pytest
from closures import RULES
from samples import PROJECT

from crosspy.closure import cimports, closuretable
from crosspy.closure.closuretable import Core
from crosspy.errors import UserError

rules = replace(RULES, calls={"PyDateTime_IMPORT": "datetime"}, expressions={"name": "", "CAPSULE": "unicodedata"})


def imports(text):
    return cimports.scan(text, rules, {"json_decoder": "json.decoder"}).imports


def test_every_way_of_naming_a_module_is_found():
    assert imports("""
        m = PyImport_ImportModule("a.b");
        f = _PyImport_GetModuleAttrString(
            "c", "d");
        g = _PyImport_GetModuleAttr(&_Py_STR(json_decoder), &_Py_ID(Error));
        h = PyImport_Import(&_Py_ID(copyreg)); PyImport_ImportModuleLevel("e", 0, 0, 0, 0); PyCapsule_Import(CAPSULE, 1);
        WITH_MOD("asyncio.events")
        if (IMPORT_MAP(kr, cp949, 0, 0)) PyDateTime_IMPORT;
        s = PyUnicode_AsEncodedString(obj, "idna", NULL); t = PyUnicode_AsEncodedString(obj, "utf-8", "surrogatepass");
    """) == ("a.b", "c", "json.decoder", "copyreg", "e", "unicodedata", "asyncio.events", "_codecs_kr", "datetime", "encodings.idna")


def test_comments_strings_declarations_and_macros_are_no_imports():
    assert imports("""
        /* PyImport_ImportModule("a") */ // PyImport_ImportModule("b")
        PyObject *PyImport_ImportModule(const char *name); char *s = "/* PyImport_ImportModule(";
        #define WITH(NAME) \\
            PyImport_ImportModule("c")
        PyImport_GetModule(other); PyImport_Import(name);
    """) == ()


def test_functions_that_c_code_calls_are_found_by_name():
    found = cimports.scan('PyObject_GetAttrString(x, "find_class"); PyObject_CallMethodNoArgs(self, &_Py_ID(readinto));'
                          'static x = {&_Py_ID(keyword)};', rules, {})
    assert found.calls == ("find_class", "readinto")


def test_files_are_divided_among_modules_with_the_headers_that_they_include():
    found = {"Modules/a/a.c": cimports.Source(("x",), includes=("a.h", "clinic/a.c.h")), "Modules/a/a.h": cimports.Source(("y", "a")),
             "Modules/a/clinic/a.c.h": cimports.Source(calls=("run",)), "Modules/b.c": cimports.Source(("z",)),
             "Python/c.c": cimports.Source(("core",), calls=("go",))}
    known = replace(rules, core={"core": Core("core", "start-up", "x")})
    made = cimports.by_module(found, known, {"a": ["Modules/a/a.c"]})
    assert made.imports == {"a": ("x", "y")} and made.calls == {"run", "go"}


@pytest.mark.parametrize("source, message", [
    (cimports.Source(("brandnew",)), "Python/c.c imports brandnew"),
    (cimports.Source(unknown=("that",)), "Python/c.c imports what that says")])
def test_the_drift_gate_names_what_nothing_classifies(source, message):
    with pytest.raises(UserError, match=message) as error:
        cimports.by_module({"Python/c.c": source}, rules, {})
    assert error.value.where == "cpython/closure.toml"


def test_a_release_is_classified_and_every_row_is_used(release_tree):
    table = closuretable.load(PROJECT / "cpython" / "closure.toml")
    found = cimports.scan_tree(release_tree, table)
    core = [name for name in found if name.startswith(cimports.CORE) or name in cimports.CORE_FILES]
    cimports.gate(core, found, table)
    cimports.gate([name for name in found if name not in core], found, table, core=False)
    used = {module for name in core for module in found[name].imports}
    # PyConfig.site_import imports site by name; the others are imported, too
    assert set(table.core) <= used
    assert found["Modules/_json.c"].imports == ("json.decoder",) and found["Modules/socketmodule.c"].imports == ("encodings.idna",)


def test_a_row_without_its_reason_is_refused(tmp_path):
    text = (PROJECT / "cpython" / "closure.toml").read_text().replace('class = "start-up"', 'class = "start"', 1)
    (tmp_path / "closure.toml").write_text(text)
    with pytest.raises(UserError, match="start-up, error path, feature"):
        closuretable.load(tmp_path / "closure.toml")
