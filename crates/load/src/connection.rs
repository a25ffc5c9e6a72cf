//! A connection and what is asked over it.

use std::{io, net::SocketAddr, pin::Pin, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, Sleep, sleep_until, timeout},
};

use crate::{Fault, Outcome, Said, Script, answer::Answer, draft::Times, run::Run};

/// Room for a usual request and a usual answer.
const BYTES: usize = 1024;

/// A place from which one request after the other is sent.
///
/// Its buffers and its timer are used again by every request, so that a request allocates nothing.
pub(crate) struct Connection {
    /// Open and without an answer owed; `None` before the first request and after a break.
    stream: Option<TcpStream>,
    request: Vec<u8>,
    answer: Vec<u8>,
    deadline: Pin<Box<Sleep>>,
}

impl Connection {
    /// A connection that its first request opens, if nobody does before.
    pub(crate) fn new() -> Self {
        Self {
            stream: None,
            request: Vec::with_capacity(BYTES),
            answer: Vec::with_capacity(BYTES),
            deadline: Box::pin(sleep_until(Instant::now())),
        }
    }

    /// Opens the connection ahead of its first request; says whether it is open.
    pub(crate) async fn open(&mut self, address: SocketAddr, within: Duration) -> bool {
        self.stream = timeout(within, connect(address)).await.ok().and_then(Result::ok);
        self.stream.is_some()
    }

    /// Sends the request of that number, which has been due since `due`, and notes what came of it.
    pub(crate) async fn ask<S: Script>(
        &mut self,
        run: &Run<S>,
        number: u64,
        due: Instant,
    ) -> Outcome {
        let Self { stream, request, answer, deadline } = self;
        run.write(number, request);
        deadline.as_mut().reset(due + run.answer_max);
        let mut sent = due;
        let answered = tokio::select! {
            biased;
            answered = exchange(run, due, &mut sent, stream, request, answer) => Some(answered),
            () = deadline.as_mut() => None,
        };
        let outcome = match answered {
            Some(Ok(said)) => Outcome::Answered(said),
            Some(Err(fault)) => {
                run.draft().broke(&fault);
                Outcome::Broken
            }
            None => {
                run.give_up();
                return Outcome::TimedOut;
            }
        };
        run.draft().settled(outcome, Times { due, sent, now: Instant::now() });
        outcome
    }
}

/// One request and its answer. The connection is put back when it is good for another; so one that
/// broke, or was given up half way, is closed.
async fn exchange<S: Script>(
    run: &Run<S>,
    due: Instant,
    sent: &mut Instant,
    place: &mut Option<TcpStream>,
    request: &[u8],
    answer: &mut Vec<u8>,
) -> Result<Said, Fault> {
    let mut stream = match place.take() {
        Some(stream) if !is_closed(&stream)? => stream,
        Some(_) | None => connect(run.address).await?,
    };
    stream.write_all(request).await.map_err(Fault::Lost)?;
    *sent = Instant::now();
    run.draft().sent(due, *sent);
    answer.clear();
    loop {
        if stream.read_buf(answer).await.map_err(Fault::Lost)? == 0 {
            return Err(Fault::Closed);
        }
        if let Some(Answer { said, closes }) = Answer::read(answer)? {
            if run.keep_alive && !closes {
                *place = Some(stream);
            }
            return Ok(said);
        }
    }
}

/// Opens a connection that sends what is written at once.
pub(crate) async fn connect(address: SocketAddr) -> Result<TcpStream, Fault> {
    let stream = TcpStream::connect(address).await;
    let stream = stream.map_err(|source| Fault::NotConnected { address, source })?;
    stream.set_nodelay(true).map_err(Fault::Lost)?;
    Ok(stream)
}

/// Whether the server has closed a connection that nothing was asked over. The runtime knows
/// without asking the system, as long as nothing came.
fn is_closed(stream: &TcpStream) -> Result<bool, Fault> {
    match stream.try_read(&mut [0]) {
        Ok(0) => Ok(true),
        Ok(_) => Err(Fault::Unasked),
        Err(error) => Ok(error.kind() != io::ErrorKind::WouldBlock),
    }
}
