//! From a plan to its end: shown where it has to be, carried out, and told.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;

use bucket::core::plan::{Change, Plan};
use bucket::engine::{Outcome, Verb, Verdict, Wish};
use bucket::words::{fill, gettext};
use relm4::adw::prelude::*;
use relm4::prelude::*;
use relm4::{Sender, adw};
use tokio_util::sync::CancellationToken;

use crate::app::{App, AppMsg};
use crate::backend::{Job, Planned, Purpose, Reply};
use crate::model::RowKey;
use crate::widgets::plan_dialog::{PlanDialog, PlanMsg, PlanOut};
use crate::{dialogs, steps};

/// The plan that is being shown or carried out.
#[derive(Default)]
pub struct Flow {
    dialog: Option<Controller<PlanDialog>>,
    cancel: CancellationToken,
    /// The edit that the dialog asks about: until it is done, pages show it and it is not so.
    edit: Vec<Change>,
    /// A plan is being carried out.
    busy: Rc<Cell<bool>>,
    /// The window closes when that is over.
    closing: bool,
}

impl Flow {
    /// Whether a plan is being carried out, for whoever wants to close the window.
    pub fn busy(&self) -> &Rc<Cell<bool>> {
        &self.busy
    }

    /// Stops what runs, to close the window after it.
    pub fn close(&mut self) {
        self.closing = true;
        self.cancel();
    }

    /// Something begins that must not be cut off; the token stops it.
    pub fn begin(&mut self) -> CancellationToken {
        self.cancel = CancellationToken::new();
        self.busy.set(true);
        self.cancel.clone()
    }

    /// Stops what runs.
    pub fn cancel(&self) {
        self.cancel.cancel();
    }
}

impl App {
    /// What began is over. Says whether the window closes now, because that was waited for.
    pub(crate) fn over(&mut self) -> bool {
        self.flow().busy.set(false);
        let closing = self.flow().closing;
        if closing {
            self.root().close();
        }
        closing
    }

    /// What came of a plan, or of carrying it out.
    pub(crate) fn plan_reply(&mut self, reply: Reply, input: &Sender<AppMsg>) {
        let over = matches!(
            reply,
            Reply::Ended { .. } | Reply::Untrusted { .. } | Reply::Failed { job: "execute", .. }
        );
        if over && self.over() {
            return;
        }
        match reply {
            Reply::Planned(planned, purpose) => self.planned(planned, purpose, input),
            Reply::Replanned(planned) => self.tell_dialog(PlanMsg::Replanned(planned)),
            Reply::Progress => {
                let progress = self.backend.progress();
                self.first_run_progress(&progress);
                self.tell_dialog(PlanMsg::Progress(progress));
            }
            Reply::Ended { plan, outcome, purpose } => self.ended(&plan, outcome, &purpose, input),
            Reply::Untrusted { plan, purpose } => {
                self.close_dialog();
                if let Some(repo) = self.repo() {
                    dialogs::trust(self.root(), repo, Some((plan, purpose)), input);
                }
            }
            Reply::Refused { wishes, why } => {
                self.refused(&wishes, &why);
                self.refresh_quietly();
            }
            Reply::Failed { job, why } => {
                self.close_dialog();
                let title = match job {
                    "undo" | "redo" => gettext("Cannot Be Undone"),
                    "move" => gettext("It Cannot Be Moved"),
                    "history" => gettext("The History Could Not Be Read"),
                    _ => gettext("That Did Not Work"),
                };
                dialogs::failure(self.root(), &title, &why);
                self.refresh_quietly();
            }
            _ => (),
        }
    }

    /// Says why wishes cannot be met: where they were made, or in a dialog.
    fn refused(&self, wishes: &[Wish], why: &str) {
        if let [wish] = wishes
            && self.refuse_at_row(&wish.subsystem, &wish.item, why)
        {
            return;
        }
        dialogs::failure(self.root(), &gettext("That Cannot Be Set"), why);
    }

    fn planned(&mut self, planned: Planned, purpose: Purpose, input: &Sender<AppMsg>) {
        let plan = &planned.plan;
        if plan.changes.is_empty()
            && plan.held.is_empty()
            && plan.blocked.is_empty()
            && plan.steps.is_empty()
        {
            // What was set to what it is already needs no words.
            if purpose != Purpose::Edit {
                self.toast(adw::Toast::new(&gettext("There is nothing to do")));
            }
            self.refresh_quietly();
            return;
        }
        if purpose == Purpose::Edit && steps::all_later(plan) {
            self.toast(adw::Toast::new(&steps::waits(plan)));
            self.refresh_quietly();
            return;
        }
        if !steps::ask_first(plan, &purpose) {
            self.execute(planned.plan, purpose);
            return;
        }
        if purpose == Purpose::Edit {
            self.flow().edit = plan.changes.iter().chain(&plan.held).cloned().collect();
        }
        let dialog = PlanDialog::builder().launch((planned, purpose)).forward(input, AppMsg::Plan);
        dialog.widget().present(Some(self.root()));
        self.flow().dialog = Some(dialog);
    }

    /// What the plan dialog asks for.
    pub(crate) fn plan_out(&mut self, out: PlanOut) {
        match out {
            PlanOut::Replan { changes, held } => self.backend.send(Job::Replan { changes, held }),
            PlanOut::Execute(plan, purpose) => {
                let losses = steps::losses(&plan);
                match losses.is_empty() {
                    true => self.execute(plan, purpose),
                    false => dialogs::recreate(self.root(), &losses, plan, purpose, self.input()),
                }
            }
            PlanOut::Back => self.tell_dialog(PlanMsg::Back),
            PlanOut::Cancel => self.flow().cancel(),
            PlanOut::Closed => {
                // One that was closed for the person may tell of it when the next thing is being done.
                if self.flow().dialog.take().is_some() {
                    self.flow().cancel();
                }
                let edit = std::mem::take(&mut self.flow().edit);
                if !edit.is_empty() {
                    self.put_back(&edit);
                }
            }
        }
    }

    /// Carries out a plan of which the person knows what is lost.
    pub(crate) fn recreate(&mut self, plan: Plan, purpose: Purpose) {
        self.tell_dialog(PlanMsg::Begun);
        self.execute(plan, purpose);
    }

    /// Leaves a plan, and has the machine's side of some of its items captured.
    pub(crate) fn capture_instead(&mut self, keys: Vec<RowKey>) {
        self.close_dialog();
        self.resolve(keys, Verb::Capture, None);
    }

    /// Carries a plan out.
    pub(crate) fn execute(&mut self, plan: Plan, purpose: Purpose) {
        let cancel = self.flow().begin();
        self.backend.send(Job::Execute { plan, purpose, cancel });
    }

    fn ended(&mut self, plan: &Plan, outcome: Outcome, purpose: &Purpose, input: &Sender<AppMsg>) {
        self.refresh_quietly();
        let complete = outcome.complete();
        if complete {
            self.flow().edit.clear();
            self.close_dialog();
            self.tell_done(plan, &outcome, purpose, input);
            return;
        }
        if self.flow().dialog.is_some() {
            self.tell_dialog(PlanMsg::Ended(outcome));
            return;
        }
        if *purpose == Purpose::Edit {
            self.put_back(&plan.changes);
        }
        let mut lines: Vec<String> = steps::not_made(&outcome)
            .into_iter()
            .map(|undone| format!("{}\n{}", undone.change.title, undone.why))
            .collect();
        if lines.is_empty() {
            lines.clone_from(&outcome.errors);
        }
        let title = match purpose {
            Purpose::Undo => gettext("Not Everything Was Undone"),
            _ => gettext("Not Everything Was Done"),
        };
        dialogs::failure(self.root(), &title, &lines.join("\n\n"));
    }

    fn tell_done(&self, plan: &Plan, outcome: &Outcome, purpose: &Purpose, input: &Sender<AppMsg>) {
        let done: Vec<&Change> = match plan.changes.is_empty() {
            true => Vec::new(),
            false => {
                let done = outcome.results.iter().filter(|ended| ended.verdict == Verdict::Done);
                done.map(|ended| &ended.change).collect()
            }
        };
        let mut text = steps::done(&done, purpose);
        if steps::later(plan).next().is_some() {
            let both = gettext("{done} · {later}");
            text = fill(&both, &[("done", &text), ("later", &steps::waits(plan))]);
        }
        if plan.steps.iter().any(|planned| planned.step.risk.reboot) {
            text = fill(&gettext("{done} · It takes a restart"), &[("done", &text)]);
        }
        let toast = adw::Toast::new(&text);
        // Long enough to read it, think, and press Undo.
        toast.set_timeout(8);
        let input = input.clone();
        match (purpose, outcome.operation) {
            (Purpose::Undo, _) => {
                toast.set_button_label(Some(&gettext("Redo")));
                // The window may be closing: nobody is left to hear of it then.
                toast.connect_button_clicked(move |_| drop(input.send(AppMsg::Redo)));
            }
            (_, Some(number)) => {
                toast.set_button_label(Some(&gettext("Undo")));
                toast.connect_button_clicked(move |_| {
                    drop(input.send(AppMsg::Undo(Some(number))));
                });
            }
            _ => (),
        }
        self.toast(toast);
    }

    /// Reads again what a plan may have changed.
    fn refresh_quietly(&self) {
        self.backend.send(Job::Survey(BTreeSet::new()));
        self.backend.send(Job::History);
    }

    fn tell_dialog(&mut self, message: PlanMsg) {
        if let Some(dialog) = &self.flow().dialog {
            dialog.emit(message);
        }
    }

    fn close_dialog(&mut self) {
        if let Some(dialog) = self.flow().dialog.take() {
            dialog.widget().force_close();
        }
    }
}
