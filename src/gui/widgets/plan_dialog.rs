//! A plan before, while and after it is carried out, in one dialog.
//!
//! Review: changes to tick, what cannot be done, and the exact steps. Running: a row for each step, a bar over all,
//! the output, Stop. Result, only where something was not done: what, why, and Retry.

use bucket::core::plan::{BlockedChange, Plan, PlannedStep};
use bucket::engine::Outcome;
use bucket::words::{fill, gettext};
use relm4::adw::prelude::*;
use relm4::prelude::*;
use relm4::{adw, gtk};

use super::plan_progress::ProgressView;
use super::{code_row, set_name, tag};
use crate::backend::{Planned, Progress, Purpose};
use crate::steps::{self, Choice, Undone};

/// Below this width of the dialog, tags go below the titles of steps.
const NARROW: f64 = 450.0;
/// Below this width of the dialog, its header has room for its two buttons, and for no title between them.
const CRAMPED: f64 = 300.0;

/// What the dialog is told.
#[derive(Debug)]
pub enum PlanMsg {
    /// The person ticked or unticked a change.
    Tick(usize, bool),
    /// The plan for what is ticked now.
    Replanned(Planned),
    /// Carries the plan out.
    Go,
    Progress(Progress),
    /// It ended, and not everything was done.
    Ended(Outcome),
    /// The person pressed Cancel, or Close at the end.
    Cancel,
    /// The person was asked once more, and it is carried out now.
    Begun,
    /// The person was asked once more, and it is not carried out.
    Back,
    /// Once more, for what was not done.
    Retry,
    /// Whether there is no room for tags beside a step.
    Narrow(bool),
}

/// What the dialog asks for.
#[derive(Debug)]
pub enum PlanOut {
    Replan {
        changes: Vec<bucket::core::plan::Change>,
        held: Vec<bucket::core::plan::Change>,
    },
    Execute(Plan, Purpose),
    /// The person was asked once more, and said no.
    Back,
    Cancel,
    Closed,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Review,
    Running,
    Cancelling,
    Result,
}

/// The dialog's model.
pub struct PlanDialog {
    dialog: adw::Dialog,
    purpose: Purpose,
    plan: Plan,
    choices: Vec<Choice>,
    stage: Stage,
    /// The plan on show is not yet the one for what is ticked.
    waiting: bool,
    progress: Progress,
    outcome: Outcome,
    /// The steps or the result have to be shown anew.
    stale: bool,
    /// There is no room for tags beside a step.
    narrow: bool,
}

/// The dialog's widgets.
pub struct PlanWidgets {
    /// The stage that is on show.
    stage: Stage,
    stack: gtk::Stack,
    cancel: gtk::Button,
    go: gtk::Button,
    review: adw::PreferencesPage,
    steps: Option<adw::PreferencesGroup>,
    running: ProgressView,
    result: adw::PreferencesPage,
    results: Vec<adw::PreferencesGroup>,
}

impl SimpleComponent for PlanDialog {
    type Init = (Planned, Purpose);
    type Input = PlanMsg;
    type Output = PlanOut;
    type Root = adw::Dialog;
    type Widgets = PlanWidgets;

    fn init_root() -> Self::Root {
        adw::Dialog::builder()
            .content_width(560)
            .content_height(560)
            .width_request(280)
            .height_request(200)
            .build()
    }

    fn init(
        (planned, purpose): Self::Init,
        root: Self::Root,
        sender: ComponentSender<Self>,
    ) -> ComponentParts<Self> {
        let choices = steps::choices(&planned);
        let all: Vec<_> = choices.iter().map(|choice| choice.change.clone()).collect();
        root.set_title(&steps::title(&all, &purpose));
        let mut model = Self {
            dialog: root.clone(),
            waiting: false,
            purpose,
            plan: planned.plan,
            choices,
            stage: Stage::Review,
            progress: Progress::default(),
            outcome: Outcome::default(),
            stale: true,
            narrow: false,
        };
        // What cannot be undone was planned as if it were wanted.
        if model.choices.iter().any(|choice| !choice.ticked && choice.change.held.is_none()) {
            model.replan(&sender);
        }
        let mut widgets = build(&root, &model, &sender);
        SimpleComponent::update_view(&model, &mut widgets, sender);
        ComponentParts { model, widgets }
    }

    fn update(&mut self, message: PlanMsg, sender: ComponentSender<Self>) {
        // The window may be closing: nobody is left to hear of it then.
        let tell = |out| drop(sender.output(out));
        self.stale = false;
        match message {
            PlanMsg::Tick(index, ticked) => {
                if let Some(choice) = self.choices.get_mut(index)
                    && choice.ticked != ticked
                {
                    choice.ticked = ticked;
                    self.replan(&sender);
                }
            }
            PlanMsg::Replanned(planned) => {
                self.plan = planned.plan;
                self.waiting = false;
                self.stale = true;
                // A retry was seen and said yes to before.
                if self.stage == Stage::Running {
                    self.run(&sender);
                }
            }
            PlanMsg::Go => self.run(&sender),
            PlanMsg::Begun => self.begun(),
            PlanMsg::Back => self.waiting = false,
            PlanMsg::Narrow(narrow) => {
                self.narrow = narrow;
                self.stale = self.stage == Stage::Review;
            }
            PlanMsg::Progress(progress) => self.progress = progress,
            PlanMsg::Ended(outcome) => {
                self.stage = Stage::Result;
                self.outcome = outcome;
                self.stale = true;
                self.dialog.set_can_close(true);
            }
            PlanMsg::Cancel => match self.stage {
                Stage::Running | Stage::Cancelling => {
                    self.stage = Stage::Cancelling;
                    tell(PlanOut::Cancel);
                }
                Stage::Review | Stage::Result => drop(self.dialog.close()),
            },
            PlanMsg::Retry => {
                let undone = steps::not_made(&self.outcome);
                let changes = undone.into_iter().map(|undone| undone.change).collect();
                self.stage = Stage::Running;
                self.progress = Progress::default();
                tell(PlanOut::Replan { changes, held: Vec::new() });
            }
        }
    }

    fn update_view(&self, widgets: &mut PlanWidgets, sender: ComponentSender<Self>) {
        let running = matches!(self.stage, Stage::Running | Stage::Cancelling);
        if widgets.stage != self.stage {
            widgets.stage = self.stage;
            // The button that had the focus may be gone, and without a focus Escape goes nowhere.
            widgets.cancel.set_sensitive(true);
            widgets.cancel.grab_focus();
        }
        widgets.stack.set_visible_child_name(match self.stage {
            Stage::Review => "review",
            Stage::Running | Stage::Cancelling => "running",
            Stage::Result => "result",
        });
        widgets.cancel.set_sensitive(self.stage != Stage::Cancelling);
        widgets.cancel.set_label(&match self.stage {
            Stage::Running => gettext("Stop"),
            Stage::Cancelling => gettext("Stopping"),
            Stage::Result => gettext("Close"),
            Stage::Review if self.choices.is_empty() => gettext("Close"),
            _ => gettext("Cancel"),
        });
        widgets.go.set_visible(self.stage == Stage::Review && !self.choices.is_empty());
        widgets.go.set_sensitive(!self.waiting && !self.plan.steps.is_empty());
        let removes = steps::removes(&self.plan.steps);
        let (on, off) = match removes {
            true => ("destructive-action", "suggested-action"),
            false => ("suggested-action", "destructive-action"),
        };
        widgets.go.add_css_class(on);
        widgets.go.remove_css_class(off);
        // Without a choice there is nothing to do, and why is said.
        if self.stage == Stage::Review && self.stale && !self.choices.is_empty() {
            if let Some(old) = widgets.steps.take() {
                widgets.review.remove(&old);
            }
            let group = steps_group(&self.plan.steps, self.narrow);
            widgets.review.add(&group);
            widgets.steps = Some(group);
        }
        if running {
            widgets.running.show(&self.plan.steps, &self.progress, self.stage == Stage::Cancelling);
        }
        if self.stage == Stage::Result && self.stale {
            for old in widgets.results.drain(..) {
                widgets.result.remove(&old);
            }
            for group in result_groups(&self.outcome, &sender) {
                widgets.result.add(&group);
                widgets.results.push(group);
            }
        }
    }
}

impl PlanDialog {
    fn replan(&mut self, sender: &ComponentSender<Self>) {
        let (changes, held) = steps::ticked(&self.choices);
        self.waiting = true;
        drop(sender.output(PlanOut::Replan { changes, held }));
    }

    fn run(&mut self, sender: &ComponentSender<Self>) {
        if steps::losses(&self.plan).is_empty() {
            self.begun();
        } else {
            // The person is shown first what is lost.
            self.stage = Stage::Review;
            self.stale = true;
            self.waiting = true;
        }
        let (plan, purpose) = (self.plan.clone(), self.purpose.clone());
        drop(sender.output(PlanOut::Execute(plan, purpose)));
    }

    /// It is being carried out.
    fn begun(&mut self) {
        self.stage = Stage::Running;
        self.waiting = false;
        self.progress = Progress::default();
        // Closing now would hide what goes on: Stop first.
        self.dialog.set_can_close(false);
    }
}

fn build(
    root: &adw::Dialog,
    model: &PlanDialog,
    sender: &ComponentSender<PlanDialog>,
) -> PlanWidgets {
    let button = |label: &str, message: fn() -> PlanMsg| {
        let button = gtk::Button::builder().label(label).can_shrink(true).build();
        let input = sender.input_sender().clone();
        button.connect_clicked(move |_| drop(input.send(message())));
        button
    };
    let cancel = button("", || PlanMsg::Cancel);
    let all: Vec<_> = model.choices.iter().map(|choice| choice.change.clone()).collect();
    let go = button(&steps::verb(&all, &model.purpose), || PlanMsg::Go);
    let header = adw::HeaderBar::builder()
        .show_start_title_buttons(false)
        .show_end_title_buttons(false)
        .build();
    header.pack_start(&cancel);
    header.pack_end(&go);

    let review = adw::PreferencesPage::new();
    let changes = adw::PreferencesGroup::builder().title(gettext("Changes")).build();
    for (index, choice) in model.choices.iter().enumerate() {
        changes.add(&choice_row(index, choice, model.plan.undoes.is_none(), sender));
    }
    if !model.choices.is_empty() {
        review.add(&changes);
    }
    let (later, never): (Vec<&BlockedChange>, Vec<&BlockedChange>) =
        model.plan.blocked.iter().partition(|blocked| blocked.later);
    let groups = [(gettext("With the Next Image"), later), (gettext("Not Possible"), never)];
    for (title, blocked) in groups.into_iter().filter(|(_, blocked)| !blocked.is_empty()) {
        let group = adw::PreferencesGroup::builder().title(title).build();
        for blocked in blocked {
            group.add(&plain_row(&blocked.change.title, &blocked.reason));
        }
        review.add(&group);
    }
    let running = ProgressView::new();
    let result = adw::PreferencesPage::new();
    let stack = gtk::Stack::new();
    stack.set_vhomogeneous(false);
    stack.add_named(&review, Some("review"));
    stack.add_named(&running.root, Some("running"));
    stack.add_named(&result, Some("result"));
    let toolbar = adw::ToolbarView::builder().content(&stack).build();
    toolbar.add_top_bar(&header);
    root.set_child(Some(&toolbar));
    let input = sender.input_sender().clone();
    // Escape while it runs: the same as Cancel.
    root.connect_close_attempt(move |_| drop(input.send(PlanMsg::Cancel)));
    let output = sender.output_sender().clone();
    root.connect_closed(move |_| drop(output.send(PlanOut::Closed)));
    root.set_default_widget(Some(&go));
    // Of two breakpoints that match, only the later one holds.
    for width in [NARROW, CRAMPED] {
        let condition = adw::BreakpointCondition::new_length(
            adw::BreakpointConditionLengthType::MaxWidth,
            width,
            adw::LengthUnit::Sp,
        );
        let narrow = adw::Breakpoint::new(condition);
        if width < NARROW {
            narrow.add_setter(&header, "show-title", Some(&false.to_value()));
        }
        let input = sender.input_sender().clone();
        narrow.connect_apply(move |_| drop(input.send(PlanMsg::Narrow(true))));
        let input = sender.input_sender().clone();
        narrow.connect_unapply(move |_| drop(input.send(PlanMsg::Narrow(false))));
        root.add_breakpoint(narrow);
    }
    let (steps, results) = (None, Vec::new());
    PlanWidgets { stage: Stage::Review, stack, cancel, go, review, steps, running, result, results }
}

fn choice_row(
    index: usize,
    choice: &Choice,
    tickable: bool,
    sender: &ComponentSender<PlanDialog>,
) -> adw::ActionRow {
    let row = adw::ActionRow::builder().use_markup(false).title(&choice.line).build();
    if let Some(reason) = &choice.reason {
        let text = gettext("Not ticked: {reason}");
        row.set_subtitle(&fill(&text, &[("reason", reason)]));
    }
    if tickable {
        let check = gtk::CheckButton::builder().active(choice.ticked).build();
        check.set_valign(gtk::Align::Center);
        set_name(&check, &choice.line);
        let input = sender.input_sender().clone();
        check.connect_toggled(move |check| {
            drop(input.send(PlanMsg::Tick(index, check.is_active())));
        });
        row.add_prefix(&check);
        row.set_activatable_widget(Some(&check));
    }
    row
}

fn plain_row(title: &str, subtitle: &str) -> adw::ActionRow {
    let row = adw::ActionRow::builder().use_markup(false).subtitle_selectable(true).build();
    row.set_title(title);
    row.set_subtitle(subtitle);
    row
}

/// The steps, each with its exact command or difference to unfold. What a step costs is beside or, if `narrow`, below
/// its title.
fn steps_group(all: &[PlannedStep], narrow: bool) -> adw::PreferencesGroup {
    let group = adw::PreferencesGroup::builder().title(gettext("Steps")).build();
    if all.is_empty() {
        group.add(&plain_row(&gettext("Nothing is ticked"), ""));
    }
    for planned in all {
        let row = adw::ExpanderRow::builder().use_markup(false).build();
        row.set_title(&planned.step.title);
        let tags = steps::tags(&planned.step.risk);
        if narrow {
            let words: Vec<&str> = tags.iter().map(|one| one.text.as_str()).collect();
            row.set_subtitle(&words.join(" · "));
        } else {
            // Each goes before those that are there.
            tags.iter().rev().for_each(|one| row.add_suffix(&tag(&one.text, one.class)));
        }
        row.add_row(&code_row(&steps::exact(&planned.step.action)));
        group.add(&row);
    }
    group
}

/// What was not done, why, and a way to try it again.
fn result_groups(
    outcome: &Outcome,
    sender: &ComponentSender<PlanDialog>,
) -> Vec<adw::PreferencesGroup> {
    let undone = steps::not_made(outcome);
    let (not_reached, failed): (Vec<Undone>, Vec<Undone>) =
        undone.into_iter().partition(|undone| undone.not_reached);
    let head = adw::PreferencesGroup::new();
    let (title, text) = steps::summary(outcome);
    head.add(&plain_row(&title, &text));
    let mut groups = vec![head];
    let mut add = |title: &str, icon: &str, rows: Vec<(String, String)>| {
        if rows.is_empty() {
            return;
        }
        let group = adw::PreferencesGroup::builder().title(title).build();
        for (title, why) in rows {
            let row = plain_row(&title, &why);
            row.add_prefix(&gtk::Image::from_icon_name(icon));
            group.add(&row);
        }
        groups.push(group);
    };
    let rows = |undone: Vec<Undone>| -> Vec<(String, String)> {
        undone.into_iter().map(|undone| (undone.change.title, undone.why)).collect()
    };
    let errors = match failed.is_empty() {
        true => outcome.errors.iter().map(|e| (gettext("A step failed"), e.clone())).collect(),
        false => Vec::new(),
    };
    add(&gettext("Failed"), "dialog-error-symbolic", rows(failed));
    add(&gettext("Failed Steps"), "dialog-error-symbolic", errors);
    add(&gettext("Not Done"), "action-unavailable-symbolic", rows(not_reached));
    let retry = gtk::Button::builder().label(gettext("Retry")).halign(gtk::Align::Center).build();
    retry.add_css_class("pill");
    let input = sender.input_sender().clone();
    retry.connect_clicked(move |_| drop(input.send(PlanMsg::Retry)));
    let group = adw::PreferencesGroup::new();
    group.set_visible(
        outcome.results.iter().any(|ended| ended.verdict != bucket::engine::Verdict::Done),
    );
    group.add(&retry);
    groups.push(group);
    groups
}
