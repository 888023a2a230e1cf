//! Which steps are needed: a pure function of what was found.

/// What is there.
///
/// Whether the bundle is fresh is not among it: cargo alone knows, and says so within a fraction of a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) environment: Environment,
    /// The kernelspec is in the environment and names this program.
    pub(crate) kernelspec: bool,
}

/// The state of the virtual environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Environment {
    Missing,
    /// It is there, but its set-up was not finished, is of another version, or was moved.
    Unfinished,
    Ready,
}

/// One thing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Builds the bundle if its sources changed.
    BuildBundle,
    MakeEnvironment,
    InstallPackages,
    InstallKernelspec,
}

impl Step {
    /// What the step does, in the words of its progress line.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::BuildBundle => "build what notebooks load",
            Self::MakeEnvironment => "make a virtual environment",
            Self::InstallPackages => "install JupyterLab and plotly into it",
            Self::InstallKernelspec => "register the kernel \"Rust (Kiln)\" in it",
        }
    }

    /// What it costs on two cores and a common line, as measured.
    pub(crate) fn cost(self) -> &'static str {
        match self {
            Self::BuildBundle => "2 to 5 minutes, 0.3 GB",
            Self::MakeEnvironment => "5 s, 20 MB",
            Self::InstallPackages => "25 to 60 s, 55 MB to download, 300 MB",
            Self::InstallKernelspec => "at once",
        }
    }
}

/// The steps from what is there to what must be, in order.
///
/// An unfinished environment is made anew and not mended: pip takes a package for installed whose files were only half
/// copied when it was interrupted. Its cache makes the second time quick.
pub(crate) fn plan(found: Found) -> Vec<Step> {
    let mut steps = vec![Step::BuildBundle];
    if found.environment != Environment::Ready {
        steps.extend([Step::MakeEnvironment, Step::InstallPackages]);
    }
    if found.environment != Environment::Ready || !found.kernelspec {
        steps.push(Step::InstallKernelspec);
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    const READY: Found = Found { environment: Environment::Ready, kernelspec: true };

    #[test]
    fn nothing_missing_needs_a_look_at_the_bundle_only() {
        assert_eq!(plan(READY), [Step::BuildBundle]);
    }

    #[test]
    fn a_fresh_clone_needs_everything() {
        let found = Found { environment: Environment::Missing, kernelspec: false };
        let all = [Step::BuildBundle, Step::MakeEnvironment, Step::InstallPackages, Step::InstallKernelspec];
        assert_eq!(plan(found), all);
    }

    /// What lay in the old environment goes with it.
    #[test]
    fn an_unfinished_environment_is_made_anew_with_its_kernelspec() {
        let found = Found { environment: Environment::Unfinished, ..READY };
        assert_eq!(plan(found)[1..], [Step::MakeEnvironment, Step::InstallPackages, Step::InstallKernelspec]);
    }

    #[test]
    fn a_kernelspec_is_mended_alone() {
        assert_eq!(plan(Found { kernelspec: false, ..READY })[1..], [Step::InstallKernelspec]);
    }
}
