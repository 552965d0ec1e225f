using System.Net.Sockets;

namespace Ixy.Vm.Tests.Rig;

/// <summary>
/// A cable of Unix datagram sockets, one frame per datagram. Neither end loses any: a sender waits while the other's
/// queue is full.
/// </summary>
internal sealed class DatagramPort(string guestPath, string hostPath) : EthernetPort
{
    protected override Socket Socket { get; } = Bind(hostPath);

    internal override string Netdev(string id) =>
        $"dgram,id={id},local.type=unix,local.path={guestPath},remote.type=unix,remote.path={hostPath}";

    /// <summary>Call this once QEMU has created its end.</summary>
    internal void Connect() => Socket.Connect(new UnixDomainSocketEndPoint(guestPath));

    public override void Dispose() => Socket.Dispose();

    private static Socket Bind(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        socket.Blocking = false;
        return socket;
    }
}
