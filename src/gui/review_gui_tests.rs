//! Component tests of Review & Commit and of the repository on the overview.
