//! The two Redis processes, and whose life a head names.

use std::fmt;

/// One of the two Redis processes. Any node may be connected to either at any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Process {
    One,
    Two,
}

impl Process {
    pub(crate) const BOTH: [Self; 2] = [Self::One, Self::Two];

    pub(crate) fn other(self) -> Self {
        match self {
            Self::One => Self::Two,
            Self::Two => Self::One,
        }
    }

    pub(crate) fn index(self) -> usize {
        match self {
            Self::One => 0,
            Self::Two => 1,
        }
    }
}

impl fmt::Display for Process {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "Redis {}", self.index() + 1)
    }
}

/// Whose incarnation a head names.
///
/// A process draws a new incarnation at each restart, promotion and failback, and a head is only
/// ever compared with the incarnation of the process that holds it. So it is enough to know
/// whether a head names the present life of one of the two; a life that is past never comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Life {
    Past,
    One,
    Two,
}

impl Life {
    /// The present life of a process.
    pub(crate) fn of(process: Process) -> Self {
        match process {
            Process::One => Self::One,
            Process::Two => Self::Two,
        }
    }

    /// The same with the two processes exchanged.
    pub(crate) fn exchanged(self) -> Self {
        match self {
            Self::Past => Self::Past,
            Self::One => Self::Two,
            Self::Two => Self::One,
        }
    }
}
