//! The few rules that libadwaita's own classes do not cover.

/// Set once, when the application starts.
pub const CSS: &str = "
.drift-list { background: none; }
.drift-list > row { padding: 8px 12px; }
.drift-list > header { padding: 18px 12px 6px 12px; }
.drift-headings { padding: 6px 12px; border-bottom: 1px solid var(--border-color); }
.drift-symbol { font-weight: bold; }
.count {
  border-radius: 999px;
  padding: 1px 8px;
  font-size: smaller;
  background-color: color-mix(in srgb, currentColor 12%, transparent);
}
.tag {
  border-radius: 6px;
  padding: 2px 8px;
  font-size: smaller;
  background-color: color-mix(in srgb, currentColor 10%, transparent);
}
.tag.warning { background-color: color-mix(in srgb, var(--warning-bg-color) 25%, transparent); }
.tag.success { background-color: color-mix(in srgb, var(--success-bg-color) 20%, transparent); }
.tag.error { background-color: color-mix(in srgb, var(--error-bg-color) 20%, transparent); }
.setting-wrong { padding: 8px 12px; }
.output { padding: 12px; }
.permission { padding: 8px 12px; }
.permission toggle, .permission-views toggle { padding-left: 6px; padding-right: 6px; font-weight: normal; }
.entry-error { padding: 6px 12px; }
.field-name { padding: 8px 12px; }
.file-lines > row { padding: 3px 6px; min-height: 0; border: none; }
.message textview { background: none; }
.file-lines { background: none; }
.file-lines > row.added { background-color: color-mix(in srgb, var(--success-bg-color) 18%, transparent); }
.file-lines > row.left-out { opacity: 0.6; }
.file-lines > row.removed { background-color: color-mix(in srgb, var(--error-bg-color) 15%, transparent); }
";
