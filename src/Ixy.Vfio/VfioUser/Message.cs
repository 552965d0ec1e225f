using System.Runtime.InteropServices;

namespace Ixy.Vfio.VfioUser;

/// <summary>
/// A received message: header, payload and descriptors. One object serves many messages in turn; receiving the next one
/// closes what is left of the previous one's descriptors. Not thread-safe.
/// </summary>
public sealed class Message : IDisposable
{
    private byte[] _payload = new byte[256];
    private int _length;

    /// <summary>The message's header.</summary>
    public Header Header { get; private set; }

    /// <summary>The descriptors that came with it.</summary>
    public PassedDescriptors Descriptors { get; } = new();

    /// <summary>What follows the header. Valid until the next message.</summary>
    public Span<byte> Payload => _payload.AsSpan(0, _length);

    /// <summary>Starts over, with room for the payload the header announces.</summary>
    internal void Begin(Header header, int payloadLength)
    {
        (Header, _length) = (header, payloadLength);
        if (_payload.Length < payloadLength) _payload = new byte[payloadLength];
    }

    /// <summary>Reads the structure that the payload starts with; false if the payload is too short for it.</summary>
    public bool TryRead<T>(out T structure) where T : unmanaged => MemoryMarshal.TryRead(Payload, out structure);

    /// <summary>Closes the descriptors that were not taken.</summary>
    public void Dispose() => Descriptors.Dispose();
}
