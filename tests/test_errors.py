from forensics import errors


def test_every_error_has_an_exit_code_of_its_own_and_stands_in_the_tree() -> None:
    kinds = errors.leaves()
    codes = [kind.exit_code for kind in kinds]
    taken = {errors.EXIT_OK, 1, errors.EXIT_USAGE, errors.EXIT_FAIL_AT, errors.EXIT_INTERRUPTED}
    assert len(codes) == len(set(codes))
    assert not taken & set(codes)
    for kind in kinds:
        line = next(row for row in (errors.__doc__ or "").splitlines() if kind.__name__ in row)
        assert f" {kind.exit_code} " in line


def test_a_full_disk_is_told_from_a_folder_that_cannot_be_written(tmp_path) -> None:
    full = errors.output_error(OSError(28, "No space left on device"), tmp_path)
    denied = errors.output_error(PermissionError(13, "Permission denied"), tmp_path)
    assert isinstance(full, errors.DiskFull)
    assert isinstance(denied, errors.OutputNotWritable)
    assert str(tmp_path) in str(denied)


def test_exit_codes_stand_in_the_readme() -> None:
    from tests.conftest import ROOT

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for kind in errors.leaves():
        assert f"| {kind.exit_code} | {kind.summary} |" in readme
