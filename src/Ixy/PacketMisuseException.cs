namespace Ixy;

/// <summary>
/// A packet was used after it was given away, given back twice, or never given back; or two threads met in one queue.
/// </summary>
public sealed class PacketMisuseException(string message) : InvalidOperationException(message);
