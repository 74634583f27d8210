from __future__ import annotations

import subprocess
import sys

import pytest

from lfr_core.common.project import PROJECT

BEGIN = "import sys; from lfr_core.recognition.milvus_library import import_milvus_library as load\n"


@pytest.mark.parametrize(
    "code",
    [
        "load(); assert 'pandas' not in sys.modules and 'pyarrow' not in sys.modules",
        # what it does with pandas it still does
        "m = load(); import pymilvus.orm.types as t; assert t.is_scalar(3) and not t.is_scalar([3])",
        "m = load(); s = m.orm.schema; import pandas as pd; assert s.is_valid_insert_data(pd.DataFrame())",
        "m = load(); assert m.orm.schema.pd.DataFrame.__module__ == 'pandas'",
        "load(); import pandas; from pandas import DataFrame; assert isinstance(DataFrame, type)",
        "import pandas; m = load(); assert m.orm.schema.pd is pandas",
        "a = load(); assert load() is a",
    ],
)
def test_milvus_client_is_imported_without_pandas_and_uses_it_all_the_same(code: str) -> None:
    subprocess.run([sys.executable, "-c", BEGIN + code], check=True, cwd=PROJECT)


def test_who_else_imports_pandas_meanwhile_gets_pandas() -> None:
    code = """
from lfr_core.recognition import milvus_library as lib
for name in lib._LATER:
    sys.modules[name] = lib._LaterModule(name)
with lib._importing:
    from pandas import DataFrame
    from pandas.api.types import is_scalar
assert isinstance(DataFrame, type) and is_scalar.__module__.startswith("pandas"), DataFrame
"""
    subprocess.run([sys.executable, "-c", BEGIN + code], check=True, cwd=PROJECT)
