//! What the failures of the use cases are for a client.

use stampede_application::{
    ports::PortError,
    use_cases::{
        ChangeError, CreateError, DeadLetterError, DeleteError, ReconcileError, UpdateError,
        ViewError,
    },
};

use super::ApiError;
use crate::{product_fields::no_room, product_form};

impl From<ViewError> for ApiError {
    fn from(error: ViewError) -> Self {
        match error {
            ViewError::Unknown => Self::no_such_sku(),
            ViewError::Port(error) => Self::Port(error),
        }
    }
}

impl From<CreateError> for ApiError {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::AlreadyExists => Self::AlreadyExists,
            CreateError::Full => Self::Full,
            CreateError::NoRoom { units } => Self::field("initialStock", no_room(units)),
            CreateError::Port(error) => Self::Port(error),
        }
    }
}

impl From<UpdateError> for ApiError {
    fn from(error: UpdateError) -> Self {
        match error {
            UpdateError::Unknown => Self::no_such_sku(),
            UpdateError::NotModifiable => Self::SaleNotModifiable,
            UpdateError::PreconditionFailed => Self::PreconditionFailed,
            UpdateError::Misfits(misfits) => product_form::misfits(&misfits),
            UpdateError::Port(error) => Self::Port(error),
        }
    }
}

impl From<ChangeError> for ApiError {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Unknown => Self::no_such_sku(),
            ChangeError::NotModifiable => Self::SaleNotModifiable,
            ChangeError::Port(error) => Self::Port(error),
        }
    }
}

impl From<DeleteError> for ApiError {
    fn from(error: DeleteError) -> Self {
        match error {
            DeleteError::Unknown => Self::no_such_sku(),
            DeleteError::Port(error) => Self::Port(error),
        }
    }
}

impl From<ReconcileError> for ApiError {
    fn from(error: ReconcileError) -> Self {
        match error {
            ReconcileError::Unknown => Self::no_such_sku(),
            ReconcileError::Busy => Self::Port(PortError::unavailable("reconciliation", error)),
            ReconcileError::Port(error) => Self::Port(error),
        }
    }
}

impl From<DeadLetterError> for ApiError {
    fn from(error: DeadLetterError) -> Self {
        match error {
            DeadLetterError::Unknown => Self::NotFound("There is no dead letter of this id."),
            DeadLetterError::NotReplayable => Self::field(
                "id",
                "was not readable when it was set aside: it can only be discarded",
            ),
            DeadLetterError::Port(error) => Self::Port(error),
        }
    }
}
