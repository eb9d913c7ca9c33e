//! A container's own network: nothing but a loopback interface, and sockets in it that belong to the daemon.
//!
//! A socket stays in the network namespace that its thread was in when it was made, so a thread goes there, makes it
//! and ends; no virtual interface, address translation or privilege on the machine's network is needed.

use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use nix::sched::{CloneFlags, setns};
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, socket,
};
use std::os::fd::AsRawFd as _;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// Where the unit's own names point to inside. It is not 127.0.0.1, so that an app which listens on `localhost` only
/// is as unreachable here as in a pod.
pub(super) const UNIT: Ipv4Addr = Ipv4Addr::new(127, 0, 1, 1);

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1024;

/// A network namespace.
#[derive(Clone, Debug)]
pub(super) struct Network(Arc<File>);

impl Network {
    /// The one that the process is in.
    pub(super) fn of(pid: i32) -> io::Result<Self> {
        Ok(Self(Arc::new(File::open(format!("/proc/{pid}/ns/net"))?)))
    }

    fn socket(&self) -> io::Result<TcpSocket> {
        let namespace = Arc::clone(&self.0);
        let made = std::thread::Builder::new()
            .stack_size(64 * 1024)
            .spawn(move || {
                setns(&*namespace, CloneFlags::CLONE_NEWNET)?;
                socket(
                    AddressFamily::Inet,
                    SockType::Stream,
                    SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK,
                    None,
                )
            })?
            .join()
            .map_err(|_| io::Error::other("the thread that makes sockets ended"))??;
        Ok(TcpSocket::from_std_stream(std::net::TcpStream::from(made)))
    }

    /// Connects to the address inside.
    pub(super) async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        self.socket()?.connect(address).await
    }

    /// Listens on the address inside.
    pub(super) fn listen(&self, address: SocketAddr) -> io::Result<TcpListener> {
        let socket = self.socket()?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    }
}

/// Brings the loopback interface of the current network namespace up, which gives it 127.0.0.0/8.
pub(super) fn loopback_up() -> io::Result<()> {
    let socket = socket(
        AddressFamily::Netlink,
        SockType::Raw,
        SockFlag::SOCK_CLOEXEC,
        SockProtocol::NetlinkRoute,
    )?;
    send(socket.as_raw_fd(), &set_link_up(), MsgFlags::empty())?;
    let mut answer = [0; 1024];
    let length = recv(socket.as_raw_fd(), &mut answer, MsgFlags::empty())?;
    // struct nlmsgerr behind the header: 0, or a negative errno.
    match answer.get(..length).and_then(|answer| answer.get(16..20)) {
        Some(&[a, b, c, d]) => match i32::from_ne_bytes([a, b, c, d]) {
            0 => Ok(()),
            error => Err(io::Error::from_raw_os_error(-error)),
        },
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// The rtnetlink(7) message that sets the flag IFF_UP of the interface 1, which is `lo` in every network namespace:
/// struct nlmsghdr and struct ifinfomsg.
fn set_link_up() -> Vec<u8> {
    const RTM_NEWLINK: u16 = 16;
    const NLM_F_REQUEST_ACK: u16 = 1 | 4;
    const IFF_UP: u32 = 1;
    const LOOPBACK: u32 = 1;
    let mut message = Vec::with_capacity(32);
    message.extend(32_u32.to_ne_bytes());
    message.extend(RTM_NEWLINK.to_ne_bytes());
    message.extend(NLM_F_REQUEST_ACK.to_ne_bytes());
    message.extend([0; 8]); // sequence, port
    message.extend([0; 4]); // family, padding, type
    message.extend(LOOPBACK.to_ne_bytes());
    message.extend(IFF_UP.to_ne_bytes()); // flags
    message.extend(IFF_UP.to_ne_bytes()); // which of them change
    message
}
