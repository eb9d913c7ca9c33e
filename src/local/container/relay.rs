//! Listeners whose connections go somewhere else.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::task::{JoinHandle, JoinSet, spawn_local};

use super::{Service, Target};
use crate::local::provider::{BoxFuture, Dial};

/// Either kind of connection.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Stream for T {}

/// Opens the far end.
pub(super) type Connect = Rc<dyn Fn() -> BoxFuture<'static, io::Result<Box<dyn Stream>>>>;

/// A listener with its connections: dropped, all of them close.
#[derive(Debug)]
pub(super) struct Relay(JoinHandle<()>);

impl Drop for Relay {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Relay {
    /// Starts to accept. A connection whose far end cannot be reached is closed.
    pub(super) fn start(listener: TcpListener, connect: Connect) -> Self {
        Self(spawn_local(accept(listener, connect)))
    }

    /// Closes the listener and all connections; the port is free when this returns.
    pub(super) async fn stop(mut self) {
        self.0.abort();
        let _ = (&mut self.0).await;
    }
}

async fn accept(listener: TcpListener, connect: Connect) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((near, _)) => {
                    let connect = Rc::clone(&connect);
                    connections.spawn_local(join(near, connect));
                }
                // Out of file descriptors: nothing is won by trying again at once.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn join(mut near: TcpStream, connect: Connect) {
    let _ = near.set_nodelay(true);
    if let Ok(mut far) = connect().await {
        // Either end may go away at any time; the other then sees its connection closed.
        let _ = copy_bidirectional(&mut near, &mut far).await;
    }
}

/// How to reach the service's target.
pub(super) fn connect_to(service: &Service, dial: &Dial) -> Connect {
    let (target, dial) = (service.target.clone(), dial.clone());
    Rc::new(move || {
        let (target, dial) = (target.clone(), dial.clone());
        Box::pin(async move {
            let stream: Box<dyn Stream> = match target {
                Target::Unix(path) => Box::new(UnixStream::connect(path).await?),
                Target::Tcp(address) => Box::new(no_delay(TcpStream::connect(address).await?)),
                Target::Unit { unit, port } => Box::new(no_delay(dial(unit, port).await?)),
            };
            Ok(stream)
        })
    })
}

pub(super) fn no_delay(stream: TcpStream) -> TcpStream {
    let _ = stream.set_nodelay(true);
    stream
}
