//! What is made of the list of kinds.

/// Makes [`super::Record`] and [`super::What`] of a list of kinds, each a name and the type that holds it.
macro_rules! event_kinds {
    ($($(#[doc = $doc:literal])* $(#[cfg($cfg:meta)])? $kind:ident($parsed:ty),)*) => {
        /// One record.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Record<'a> {
            /// A system call that has returned, or never will.
            Call(Call<'a>),
            /// The start of a system call, see [`Kind::Enter`].
            Enter(Call<'a>),
            /// A call older than the recording, see [`Kind::InProgress`].
            InProgress(Call<'a>),
            /// Who a thread is.
            Task(Task),
            $($(#[doc = $doc])* $(#[cfg($cfg)])? $kind($parsed),)*
            /// A kind that this version does not know; skipped, and counted by who reads.
            Unknown(RecordHeader),
        }

        /// Something that happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum What<'a> {
            /// A system call.
            Call {
                /// The call; of one that has not returned (see `outcome`), duration and result mean nothing.
                call: Call<'a>,
                /// What was recorded at its start, where that was recorded apart.
                enter: Option<Call<'a>>,
                /// What became of it.
                outcome: Outcome,
            },
            $($(#[doc = $doc])* $(#[cfg($cfg)])? $kind($parsed),)*
        }

        impl<'a> Record<'a> {
            /// Parses one whole record, whose header is `header`.
            pub(crate) fn parse(header: RecordHeader, record: &'a [u8]) -> Result<Self, Malformed> {
                let wrong_length = Malformed::Length { kind: header.kind, len: header.len };
                Ok(match header.kind {
                    CALL => Self::Call(parse_call(record)?),
                    ENTER => Self::Enter(parse_call(record)?),
                    IN_PROGRESS => Self::InProgress(parse_call(record)?),
                    TASK => Self::Task(Task::read_from_prefix(record).map_err(|_| wrong_length)?.0),
                    $($(#[cfg($cfg)])? <$parsed as Parse<'_>>::KIND => {
                        Self::$kind(<$parsed as Parse<'_>>::parse(record).ok_or(wrong_length)?)
                    })*
                    _ => Self::Unknown(header),
                })
            }

            /// The event that it is the record of, if it is one.
            #[must_use]
            pub fn as_event(&self) -> Option<&(dyn EventKind + 'a)> {
                match self {
                    $($(#[cfg($cfg)])? Self::$kind(event) => Some(event),)*
                    Self::Call(_) | Self::Enter(_) | Self::InProgress(_) | Self::Task(_) | Self::Unknown(_) => None,
                }
            }

            /// The same by itself.
            pub(crate) fn into_event(self) -> Option<What<'a>> {
                match self {
                    $($(#[cfg($cfg)])? Self::$kind(event) => Some(What::$kind(event)),)*
                    Self::Call(_) | Self::Enter(_) | Self::InProgress(_) | Self::Task(_) | Self::Unknown(_) => None,
                }
            }
        }

        impl<'a> What<'a> {
            /// The event, unless it is a call.
            #[must_use]
            pub fn as_event(&self) -> Option<&(dyn EventKind + 'a)> {
                match self {
                    $($(#[cfg($cfg)])? Self::$kind(event) => Some(event),)*
                    Self::Call { .. } => None,
                }
            }
        }
    };
}

pub(super) use event_kinds;
