"""Labels from files: what is read, what is refused, which labels are discrete, and the kernel estimate of the rest."""

from __future__ import annotations

import gzip
import io
import math
import sys
import types
from fractions import Fraction

import flint
import jax
import numpy as np
import pytest
import scipy.stats
from flint import acb, arb
from hypothesis import given
from hypothesis import strategies as st

from numerics.expression.balls import PRECISION, exact, interval
from numerics.laws.densities import Density
from numerics.laws.labels import DiscreteLaw, from_column, from_file
from unskew import kernel_estimate
from unskew.ground.refusals import InputError
from unskew.label_files import text as label_text
from unskew.label_files.column import Column
from unskew.label_files.reader import read_column
from unskew.labels import lattice_step

CONTINUOUS = [0.11, 0.35, 0.352, 0.47, 0.52, 0.61, 0.93]
READERS = ["arrow", "numpy"]


@pytest.fixture(params=READERS)
def reader(request, monkeypatch):
    """Every text test runs with Arrow and with the fallback."""
    if request.param == "arrow":
        pytest.importorskip("pyarrow", reason="the extra `data` (pyarrow) is not installed")
    else:
        monkeypatch.setattr(label_text, "has_arrow", lambda: False)
    return request.param


def write(tmp_path, content, name="labels.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def npy(array, **options):
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


def npz(**arrays):
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


MANY = "".join(f"{k % 7}.{k}\n" for k in range(100))
BAD_FILES = [
    ("empty.csv", b"", "", "is empty"),
    ("blank.csv", b"\n \n\n", "", "is empty"),
    ("header.csv", b"age\n", "", "header and no rows"),
    ("one.csv", b"age\n3\n", "", "one label"),
    ("bare.csv", b"3\n", "", "one label"),
    ("constant.csv", b"y\n2\n2\n2\n", "", "all equal 2"),
    ("missing.csv", b"y\nNA\n\nnan\n", "", "no labels"),
    ("half.csv", b"a,y\nx,1\ny,NA\n", ":y", "one label"),
    ("word.csv", b"y\n1\n2\nthree\n4\n", "", "'three' in line 4"),
    ("mixed.csv", MANY.encode() + b"old\n", "", "'old' in line 101"),
    ("comma.csv", b"y;z\n1,5;a\n2,5;b\n", ":y", "'1,5' in line 2"),
    ("pipe.csv", b"a|b\n1|2\n3|4\n", "", r"'1\|2' in line 2"),
    ("spaces.csv", b"1 2\n3 4\n", "", "not a number|header and no rows"),
    ("inf.csv", b"y\n1\ninf\n2\n-inf\n", "", "2 infinite"),
    ("overflow.csv", b"y\n1\n1e999\n2\n", "", "1 infinite"),
    ("huge.csv", b"y\n1\n1e300\n", "", "double precision"),
    ("close.csv", b"y\n1\n1.0000000000000002\n", "", "double precision"),
    ("ragged.csv", b"a,b\n1,2\n3,4,5\n", ":a", "3 cells in line 3"),
    ("short.csv", b"a,b\n1,2\n3\n", ":b", "1 cells in line 3"),
    ("two.csv", b"a,b\n1,2\n3,4\n", "", "2 numeric columns among a, b"),
    ("none.csv", b"a,b\nx,u\ny,v\n", "", "no numeric column"),
    ("unknown.csv", b"a,b\n1,2\n3,4\n", ":c", "no column 'c': use one of a, b"),
    ("number.csv", b"a,b\n1,2\n3,4\n", ":2", "no column '2'"),
    ("negative.csv", b"a,b\n1,2\n3,4\n", ":-1", "no column '-1'"),
    ("colon.csv", b"a,b\n1,2\n3,4\n", ":", "no column after the colon"),
    ("twice.csv", b"a,a\n1,2\n3,4\n", ":a", "2 columns named 'a'"),
    ("text.csv", b"name,y\nann,1\nbob,2\n", ":name", "'ann' in line 2"),
    ("underscore.csv", b"y\n1_000\n2_000\n", "", "'1_000'"),
    ("hexadecimal.csv", b"y\n0x10\n0x11\n", "", "'0x10'"),
    ("true.csv", b"y\ntrue\nfalse\n", "", "'true' in line 2"),
    ("date.csv", b"y\n2024-01-01\n2024-01-02\n", "", "'2024-01-01' in line 2"),
    ("gzip.csv", gzip.compress(b"y\n1\n2\n"), "", "compressed"),
    ("zip.csv", npz(y=np.arange(5.0)), "", "compressed"),
    ("garbage.csv", bytes(range(128, 256)), "", "not UTF-8"),
    ("late.csv", b"y\n" + b"1\n2\n" * 40_000 + b"\xff\xfe\n", "", "not UTF-8|not a number"),
    ("nul.csv", b"y\n1\x002\n3\n", "", "not text"),
    ("utf16.csv", "y\n1\n2\n".encode("utf-16"), "", "UTF-16"),
    ("matrix.npy", npy(np.ones((3, 2))), "", "shape 3x2"),
    ("scalar.npy", npy(np.array(3.0)), "", "a single number"),
    ("words.npy", npy(np.array(["a", "b"])), "", "not numbers"),
    ("complex.npy", npy(np.array([1j, 2j])), "", "not numbers"),
    ("bools.npy", npy(np.array([True, False])), "", "not numbers"),
    ("dates.npy", npy(np.array(["2024-01-01"], dtype="M8[D]")), "", "not numbers"),
    ("pickle.npy", npy(np.array([{}, 1], dtype=object), allow_pickle=True), "", "pickled objects"),
    ("pickle.npz", npz(y=np.array([{}, 1], dtype=object)), ":y", "pickled objects"),
    ("cut.npy", npy(np.arange(100.0))[:200], "", "not a whole"),
    ("column.npy", npy(np.arange(3.0)), ":y", "no column 'y'"),
    ("empty.npy", npy(np.empty(0)), "", "no labels"),
    ("cut.npz", npz(y=np.arange(100.0))[:300], "", "not a whole npz"),
    ("two.npz", npz(a=np.arange(3.0), b=np.arange(4.0)), "", "2 numeric columns"),
    ("unknown.npz", npz(a=np.arange(3.0)), ":c", "no column 'c'"),
]


@pytest.mark.parametrize(("name", "content", "column", "message"), BAD_FILES, ids=[row[0] for row in BAD_FILES])
def test_bad_files_are_refused_in_one_line(tmp_path, reader, name, content, column, message, capsys):
    with pytest.raises(InputError, match=message) as problem:
        from_file(write(tmp_path, content, name) + column)
    assert "\n" not in str(problem.value)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("spec", ["", "no-such-file.csv", "no-such-file.csv:y", "a" * 5000, "nul\x00byte"])
def test_no_such_file(spec):
    with pytest.raises(InputError, match=r"no file|no label file"):
        read_column(spec)


def test_a_folder_and_an_unreadable_parquet(tmp_path):
    with pytest.raises(InputError, match="is not a file"):
        read_column(str(tmp_path))
    pytest.importorskip("pyarrow", reason="the extra `data` (pyarrow) is not installed")
    with pytest.raises(InputError, match="not a whole parquet"):
        read_column(write(tmp_path, b"PAR1garbagePAR1", "broken.parquet"))


GOOD = [
    ("plain", "0.5\n1.5\n2.25\n", "", [0.5, 1.5, 2.25], 0),
    ("header", "age\n0.5\n1.5\n", "", [0.5, 1.5], 0),
    ("no last newline", "age\n0.5\n1.5", "", [0.5, 1.5], 0),
    ("carriage returns", "age\r\n0.5\r\n1.5\r\n", "", [0.5, 1.5], 0),
    ("byte order mark", b"\xef\xbb\xbfage,x\n0.5,a\n1.5,b\n", ":age", [0.5, 1.5], 0),
    ("byte order mark, no header", b"\xef\xbb\xbf0.5,a\n1.5,b\n", ":0", [0.5, 1.5], 0),
    ("the only numeric column", "name,age\nann,3\nbob,4\n", "", [3, 4], 0),
    ("by name", "a,b\n1,2\n3,4\n", ":b", [2, 4], 0),
    ("by number", "a,b\n1,2\n3,4\n", ":1", [2, 4], 0),
    ("name before number", "1a,0\n1,2\n".replace("1a,0", "b,a") + "3,4\n", ":0", [1, 3], 0),
    ("semicolons", "a;b\n1;2\n3;4\n", ":b", [2, 4], 0),
    ("tabs", "a\tb\n1\t2\n3\t4\n", ":b", [2, 4], 0),
    ("spaces around", "a, b\n1, 2\n3, 4\n", ":b", [2, 4], 0),
    ("quotes", '"a","b"\n"1","2"\n"3","4"\n', ":b", [2, 4], 0),
    ("quotes in the header only", '"a","b, c"\n1,2\n3,4\n', ":b, c", [2, 4], 0),
    ("comma in quotes", 'a,b\n"x, y",2\n"z",4\n', ":b", [2, 4], 0),
    ("newline in quotes", 'a,b\n"x\ny",2\n"z",4\n', ":b", [2, 4], 0),
    ("missing", "a,b\n1,NA\n3,4\n5,\n6,nan\n7,8\n", ":b", [4, 8], 3),
    ("missing in words", "b,c\n1,x\nnull,y\n None ,z\n4,w\n?,v\n", ":b", [1, 4], 3),
    ("blank lines", "b\n1\n\n2\n\n", "", [1, 2], 0),
    ("integers then fractions", "b\n" + "1\n" * 50 + "0.5\n", "", [1.0] * 50 + [0.5], 0),
    ("exponents and signs", "b\n+1e-3\n-2.5E+2\n.5\n", "", [1e-3, -250, 0.5], 0),
    ("duplicate header by number", "a,a\n1,2\n3,4\n", ":1", [2, 4], 0),
    ("unicode name", "âge,b\n1,x\n2,y\n", ":âge", [1, 2], 0),
    ("colon in the name", "a:b,c\n1,x\n2,y\n", ":a:b", [1, 2], 0),
]


@pytest.mark.parametrize(
    ("content", "column", "values", "missing"), [row[1:] for row in GOOD], ids=[r[0] for r in GOOD]
)
def test_text_is_read(tmp_path, reader, content, column, values, missing):
    found = read_column(write(tmp_path, content) + column)
    np.testing.assert_array_equal(found.values, values)
    assert found.missing == missing


def test_file_whose_name_holds_a_colon(tmp_path, reader):
    path = write(tmp_path, "a,b\n1,2\n3,4\n", "run:3.csv")
    np.testing.assert_array_equal(read_column(f"{path}:b").values, [2, 4])
    path = write(tmp_path, "1\n2\n", "only:one")
    np.testing.assert_array_equal(read_column(path).values, [1, 2])


def test_arrays_are_read(tmp_path):
    values = np.array([1.5, np.nan, 2.5])
    found = read_column(write(tmp_path, npy(values), "y.npy"))
    assert (found.missing, list(found.values)) == (1, [1.5, 2.5])
    assert read_column(write(tmp_path, npy(np.arange(4, dtype=np.uint8)), "u.npy")).values.dtype == np.float64
    archive = write(tmp_path, npz(a=values, b=np.arange(3)), "z.npz")
    np.testing.assert_array_equal(read_column(f"{archive}:b").values, [0, 1, 2])
    assert read_column(write(tmp_path, npz(only=values), "w.npz")).name == "only"
    assert read_column(write(tmp_path, npy(np.float32([0.1, 0.2])), "s.npy")).single


def test_parquet_is_read(tmp_path):
    pyarrow = pytest.importorskip("pyarrow", reason="the extra `data` (pyarrow) is not installed")
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra `data` (pyarrow) is not installed")
    path = str(tmp_path / "t.parquet")
    parquet.write_table(pyarrow.table({"name": ["a", "b", "c"], "age": [1, None, 3]}), path)
    found = read_column(path)
    assert (list(found.values), found.missing, found.name) == ([1, 3], 1, "age")
    with pytest.raises(InputError, match="not numbers"):
        read_column(f"{path}:name")


def test_large_columns_do_not_go_through_python_row_by_row(reader, monkeypatch):
    def careful(*_):
        raise AssertionError("the careful reader was called for a plain file")

    monkeypatch.setattr(label_text, "with_csv", careful)
    content = '"id","y"\n' + "".join(f"{k},{k / 7:.6f}\n" for k in range(20_000))
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=io.BytesIO(content.encode())))
    assert len(read_column("-:y").values) == 20_000


def test_standard_input(monkeypatch, reader):
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=io.BytesIO(b"a,b\n1,x\n2,y\n")))
    np.testing.assert_array_equal(read_column("-").values, [1, 2])
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=io.BytesIO(b"a,b\n1,3\n2,4\n")))
    np.testing.assert_array_equal(read_column("-:b").values, [3, 4])


@given(st.lists(st.one_of(st.floats(-1e9, 1e9), st.none(), st.integers(-100, 100)), min_size=2, max_size=30))
def test_both_readers_agree(cells):
    content = "k,y\n" + "".join(f"x,{'' if cell is None else cell}\n" for cell in cells)
    shape = label_text.Shape("memory", ",", True, 2, 1, "y")
    slow = label_text.with_csv(content.encode(), shape)
    for read in (label_text.with_numpy, label_text.with_arrow):
        if read is label_text.with_arrow and not label_text.has_arrow():
            continue
        fast = read(content.encode(), shape)
        np.testing.assert_array_equal(fast.values, slow.values)
        assert fast.missing == slow.missing == sum(cell is None for cell in cells)


# --- discrete labels --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("points", "n", "step"),
    [
        ([0, 1], 10, 1),
        ([0, 1], 9, None),
        ([1, 2, 3, 5], 25, 1),
        ([1, 3, 5, 7], 20, 2),
        ([0, 0.5, 1, 1.5], 100, Fraction(1, 2)),
        ([0.1, 0.2, 0.3, 0.7], 100, Fraction(1, 10)),
        ([0, 1, 100], 10_000, None),
        (list(range(10_001)), 10**6, None),
        (list(range(10_000)), 10**6, 1),
        ([0.0, 0.1, 0.25, math.pi], 1000, None),
        ([-3, -2, -1], 15, 1),
    ],
)
def test_lattice_rule(points, n, step):
    assert lattice_step(np.array(points, dtype=float), n) == step


def test_single_precision_decimals_are_a_lattice():
    points = np.unique(np.float32(np.arange(1, 30) / 10)).astype(float)
    assert lattice_step(points, 1000) is None
    assert lattice_step(points, 1000, single=True) == Fraction(1, 10)


def discrete(tmp_path, support=None):
    content = "age\n" + "".join(f"{age}\n" * count for age, count in [(1, 5), (3, 20), (4, 10), (5, 5)])
    return from_file(write(tmp_path, content), support)


def test_discrete_law_is_exact(tmp_path):
    law = discrete(tmp_path)
    assert isinstance(law, DiscreteLaw)
    assert law.atoms == (1, 3, 4, 5)
    assert law.counts == (5, 20, 10, 5)
    assert law.support == (1, 5)
    assert law.length == 4
    nodes = law.nodes((), 16, 0.1)
    np.testing.assert_array_equal(nodes.y, [1, 3, 4, 5])
    np.testing.assert_array_equal(nodes.weight, 0.25)
    # One logarithm of an exact ratio: half a unit on each side.
    np.testing.assert_allclose(nodes.log_ratio, np.log([0.5, 2, 1, 0.5]), rtol=2 * 2**-53)
    assert np.isnan(nodes.slope).all()
    q, p = law.bin_masses([Fraction(1), Fraction(3), Fraction(5)])
    np.testing.assert_array_equal(q, [0.25, 0.75])
    np.testing.assert_array_equal(p, [5 / 40, 35 / 40])
    assert law.unsampled == []
    assert any("label 2 never occurs" in line and "infinite" in line for line in law.report.words)
    np.testing.assert_array_equal(law.report.empirical_masses([Fraction(1), Fraction(3), Fraction(5)]), p)


def test_explicit_support_takes_the_whole_lattice(tmp_path):
    law = discrete(tmp_path, (Fraction(0), Fraction(15, 2)))
    assert law.atoms == tuple(range(8))
    assert law.unsampled == ["0", "2", "6 to 7"]
    assert law.nodes().log_ratio[2] == -math.inf
    assert any("0, 2, 6 to 7 never occur" in line for line in law.report.words)


def test_discrete_samples_have_exact_probabilities(tmp_path):
    law = discrete(tmp_path)
    n = 100_000
    drawn = np.asarray(law.sample(jax.random.key(0), n))
    again = np.asarray(law.sample(jax.random.key(0), n))
    assert drawn.tobytes() == again.tobytes()
    assert set(drawn) == {1, 3, 4, 5}
    counts = np.array([(drawn == age).sum() for age in (1, 3, 4, 5)])
    assert scipy.stats.chisquare(counts, n * np.array([5, 20, 10, 5]) / 40).pvalue > 1e-6
    assert scipy.stats.chisquare(counts, n * np.array([6, 19, 10, 5]) / 40).pvalue < 1e-6


@given(st.lists(st.integers(0, 6), min_size=35, max_size=80), st.integers(1, 7))
def test_bins_of_a_discrete_law_count_labels(values, bins):
    if len(set(values)) < 2:
        return
    law = from_column(Column(np.array(values, dtype=float), "memory", ""), "labels:memory")
    if not law.discrete:
        return
    lower, upper = law.support
    edges = [lower + (upper - lower) * Fraction(k, bins) for k in range(bins + 1)]
    _, p = law.bin_masses(edges)
    expected = [
        sum(edges[k] <= v < edges[k + 1] or (k == bins - 1 and v == upper) for v in values) / len(values)
        for k in range(bins)
    ]
    np.testing.assert_array_equal(p, expected)
    np.testing.assert_array_equal(law.report.empirical_masses(edges), expected)


def test_support_that_cuts_labels_off_or_holds_too_many(tmp_path):
    with pytest.raises(InputError, match="5 labels outside the support"):
        discrete(tmp_path, (Fraction(2), Fraction(6)))
    with pytest.raises(InputError, match="too many labels"):
        discrete(tmp_path, (Fraction(0), Fraction(10**6)))
    with pytest.raises(InputError, match="lower end below"):
        discrete(tmp_path, (Fraction(6), Fraction(0)))


# --- kernel estimate --------------------------------------------------------------------------------------------------------------


def continuous(values=CONTINUOUS, support=None):
    return from_column(Column(np.array(values), "memory", ""), "labels:memory", support)


@pytest.mark.parametrize("bandwidth", [0.02, 0.1, 0.5])
def test_kernel_estimate_is_the_reflected_gaussian_kernel(bandwidth):
    points = np.sort(np.random.default_rng(0).beta(1, 3, 60))
    counts = np.ones(60, dtype=int)
    floor = 0.01
    found = kernel_estimate.estimate(points, counts, bandwidth, floor)
    images = np.concatenate([side * points + 2 * k for k in range(-4, 5) for side in (1, -1)])
    reference = scipy.stats.gaussian_kde(images, bw_method=bandwidth / np.std(images, ddof=1))
    y = np.linspace(0, 1, 101)
    expected = (1 - floor) * reference(y) * len(images) / len(points) + floor
    order = np.arange(len(found.coefficients))
    ours = np.cos(math.pi * np.outer(y, order)) @ np.array(found.coefficients)
    # A label moves by at most half a cell, the kernel changes by at most its steepest slope times that; images beyond the ninth
    # pair are further than 7 from every y: exp(-7^2/(2 0.5^2)) is below every double here.
    steepest = math.exp(-0.5) / (math.sqrt(2 * math.pi) * bandwidth**2)
    np.testing.assert_allclose(ours, expected, rtol=0, atol=steepest / (2 * kernel_estimate.CELLS) + 1e-12)
    unreflected = scipy.stats.gaussian_kde(points, bw_method=bandwidth / np.std(points, ddof=1))(y)
    assert np.max(np.abs((1 - floor) * unreflected + floor - ours)) > steepest / (2 * kernel_estimate.CELLS)


def test_bandwidth_stage_is_the_roughness_of_the_estimate():
    # Botev's last stage is (2 n sqrt(pi) |f''|^2)^(-2/5) for the estimate f of an earlier bandwidth; its series must be the integral
    # of the squared second derivative of the reflected kernel sum, here by the trapezoidal rule (exact for such periodic functions).
    points = np.array([0.2, 0.45, 0.5, 0.8])
    h = 0.15
    moments = np.mean(np.cos(math.pi * np.outer(np.arange(200), points)), axis=1)
    squares = np.arange(1, 200, dtype=float) ** 2
    series = 2 * math.pi**4 * np.sum(squares**2 * moments[1:] ** 2 * np.exp(-squares * math.pi**2 * h**2))
    y = np.linspace(0, 1, 2001)
    images = np.concatenate([side * points + 2 * k for k in range(-3, 4) for side in (1, -1)])
    z = (y[:, None] - images) / h
    second = np.sum((z**2 - 1) * np.exp(-(z**2) / 2), axis=1) / (math.sqrt(2 * math.pi) * h**3 * len(points))
    # 28 images of up to h^-3, squared and summed over 2001 places, pairwise: some 64 units of the sum.
    assert np.trapezoid(second**2, y) == pytest.approx(series, rel=64 * 2**-52)


def test_bandwidth_solves_its_equation_and_scales():
    draws = np.sort(np.random.default_rng(1).normal(0.5, 0.08, 4000))
    for scale in (1.0, 0.5):
        points = 0.5 + (draws - 0.5) * scale
        cells = np.bincount((points * kernel_estimate.CELLS).astype(int), minlength=kernel_estimate.CELLS)
        moments = kernel_estimate.cosine_moments(cells / len(points))
        found = kernel_estimate.sheather_jones(moments, len(points))
        squares = np.arange(1, len(moments), dtype=float) ** 2
        # The root is good to four units, squaring its root adds two; the left side has slope 1 - O(1) there and is a difference of two numbers of the
        # root's size, each good to some ten units.
        left = kernel_estimate.fixed_point(found**2, len(points), squares, moments[1:] ** 2)
        assert abs(left) <= 32 * 2**-52 * found**2
        if scale == 1.0:
            first = found
    # The rule has no scale of its own, but cells have: labels are rounded independently, uniformly in a cell, so the mean over 4,000 of them moves by a
    # standard error of cell/sqrt(12 4000) in units of the bandwidth; four of these, and a sensitivity of up to 2.
    assert found / first == pytest.approx(0.5, rel=8 / (kernel_estimate.CELLS * found * math.sqrt(12 * 4000)))
    # Near the best bandwidth for a Gaussian law, 1.06 sigma n^(-1/5), whose own sampling spread is of order n^(-1/5) = 19 %.
    assert first == pytest.approx(1.06 * 0.08 * 4000**-0.2, rel=4000**-0.2)


def test_estimate_is_positive_and_integrates_to_one():
    density = continuous()
    assert isinstance(density, Density)
    with flint.ctx.workprec(PRECISION):
        assert density.normaliser.contains(exact(density.support[1] - density.support[0]))
        series = density.pieces[0]
        floor = density.report.floor
        cells = 4000
        lower, upper = density.support
        least = min(
            series.ball(
                interval(lower + (upper - lower) * Fraction(k, cells), lower + (upper - lower) * Fraction(k + 1, cells))
            ).real.lower()
            for k in range(cells)
        )
        assert least > 0
        assert least < 40 * floor
    _, p = density.bin_masses([lower + (upper - lower) * Fraction(k, 9) for k in range(10)])
    assert abs(p.sum() - 1) <= 9 * 2**-53


def test_margin_is_proved_and_bounds_the_least_value():
    points = np.array([0.0, 0.02, 0.04])
    found = kernel_estimate.estimate(points, np.array([3, 3, 3]), 0.01)
    y = np.linspace(0, 1, 4001)
    values = np.cos(math.pi * np.outer(y, np.arange(len(found.coefficients)))) @ np.array(found.coefficients)
    assert 0 < found.margin <= found.floor
    # A sum of so many cosines, with arguments up to pi times their number.
    rounding = 2**-52 * np.abs(found.coefficients).sum() * (math.pi * len(found.coefficients) + 16)
    assert values.min() >= found.margin - rounding
    # Far from all labels only the floor is left: beyond 90 bandwidths the kernel is below the least double.
    assert values.min() == pytest.approx(found.floor, abs=rounding)


def test_masses_are_certified_integrals():
    density = continuous()
    lower, upper = density.support
    middle = (lower + upper) / 3
    _, p = density.bin_masses([lower, middle, upper])
    with flint.ctx.workprec(PRECISION):
        total = acb.integral(
            lambda y, analytic: density.pieces[0].ball(y, bool(analytic)), acb(exact(lower)), acb(exact(middle))
        ).real
        assert abs(total / density.normaliser - arb(p[0])) < 2**-53


def test_kernel_samples_follow_the_estimate():
    density = continuous()
    drawn = np.asarray(density.sample(jax.random.key(2), 100_000))
    points = [density.support[0] + (density.support[1] - density.support[0]) * Fraction(k, 16) for k in range(17)]
    _, p = density.bin_masses(points)
    counts, _ = np.histogram(drawn, [float(point) for point in points])
    assert scipy.stats.chisquare(counts, p / p.sum() * len(drawn)).pvalue > 1e-6


def test_slope_of_the_estimate():
    density = continuous()
    y = np.linspace(0.12, 0.92, 7)
    h = 1e-5
    quotient = (density.log_density(y + h) - density.log_density(y - h)) / (2 * h)
    # h^2/6 times the third derivative of the log, at most about (1/bandwidth)^3, and rounding 1e-16/h.
    allowed = h**2 / density.report.bandwidth**3 * 10 + 1e-10
    np.testing.assert_allclose(density.slope(y), quotient, rtol=0, atol=allowed)


def test_report_says_what_was_done(tmp_path):
    values = "\n".join(map(str, np.random.default_rng(3).random(500).round(12)))
    density = from_file(write(tmp_path, f"y\n{values}\nNA\n"))
    assert not density.discrete
    assert density.report.missing == 1
    assert density.report.rows == 501
    words = " ".join(density.report.words)
    assert "1 of 501 cells are missing" in words
    assert "bandwidth" in words
    assert "uniform" in words
    record = density.report.as_json()
    assert record["used"] == 500
    assert "points" not in record
    assert "bandwidth" in density.description


def test_support_of_continuous_labels():
    density = continuous(support=(Fraction(0), Fraction(2)))
    assert density.support == (0, 2)
    h, floor = density.report.bandwidth, density.report.floor
    tails = sum(
        scipy.stats.norm.cdf((2 - centre) / h) - scipy.stats.norm.cdf((1 - centre) / h)
        for label in CONTINUOUS
        for centre in (side * label + 4 * k for k in range(-3, 4) for side in (1, -1))
    )
    # Half a cell of the histogram moves a tail by at most the kernel's height times that.
    moved = 2 / (2 * kernel_estimate.CELLS) / (h * math.sqrt(2 * math.pi))
    expected = (1 - floor) * tails / len(CONTINUOUS) + floor / 2
    assert density.bin_masses([Fraction(1), Fraction(2)])[1][0] == pytest.approx(expected, abs=moved)
    with pytest.raises(InputError, match="1 labels outside"):
        continuous(support=(Fraction(0), Fraction(9, 10)))
    assert continuous(support=(Fraction(11, 100), Fraction(93, 100))).support == continuous().support


def test_ages(real_data):
    law = from_file(f"{real_data('agedb_ages.csv')}:age")
    assert law.discrete
    assert len(law.atoms) == 100
    assert law.report.absent == ("2",)
    assert sum(law.counts) == 16_488
    full = from_file(f"{real_data('agedb_ages.csv')}", (Fraction(1), Fraction(101)))
    assert full.unsampled == ["2"]
    assert len(full.atoms) == 101


def test_similarity_scores(real_data):
    density = from_file(str(real_data("stsb_scores.csv")))
    assert not density.discrete
    assert density.report.used == 7_249
    assert "Silverman" in density.report.rule
    edges = [Fraction(k, 2) for k in range(11)]
    _, p = density.bin_masses(edges)
    seen = density.report.empirical_masses(edges)
    # The estimate moves mass by about a bandwidth; a bin of width 0.5 cannot be off by more than the mass within one of its edges.
    near = density.report.bandwidth * 2 * 0.31
    assert np.max(np.abs(p - seen)) < near
