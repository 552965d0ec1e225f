using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Ixy.Vm.Tests.Rig;

/// <summary>
/// A socket that sends and receives whole Ethernet frames on an interface of this machine (packet(7)).
/// </summary>
internal static class PacketSocket
{
    private const int AllProtocols = 3; // ETH_P_ALL
    private const int SOL_PACKET = 263, PACKET_IGNORE_OUTGOING = 23;
    private const int BufferLength = 8 << 20;

    internal static Socket Open(string interfaceName)
    {
        short protocol = IPAddress.HostToNetworkOrder((short)AllProtocols);
        var socket = new Socket(AddressFamily.Packet, SocketType.Raw, (ProtocolType)protocol);
        Span<byte> on = [1, 0, 0, 0];
        socket.SetRawSocketOption(SOL_PACKET, PACKET_IGNORE_OUTGOING, on);
        socket.ReceiveBufferSize = BufferLength;
        socket.Bind(new LinkLayerEndPoint(interfaceName, protocol));
        socket.Blocking = false;
        return socket;
    }

    /// <summary>struct sockaddr_ll</summary>
    private sealed class LinkLayerEndPoint(string interfaceName, short protocol) : EndPoint
    {
        private const int Length = 20;

        public override AddressFamily AddressFamily => AddressFamily.Packet;

        public override SocketAddress Serialize()
        {
            var address = new SocketAddress(AddressFamily.Packet, Length);
            var bytes = address.Buffer.Span;
            BinaryPrimitives.WriteInt16LittleEndian(bytes[2..], protocol);
            BinaryPrimitives.WriteInt32LittleEndian(bytes[4..], Index(interfaceName));
            return address;
        }

        private static int Index(string name) => int.Parse(File.ReadAllText($"/sys/class/net/{name}/ifindex"));
    }
}
