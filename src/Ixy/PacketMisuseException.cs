namespace Ixy;

/// <summary>
/// A packet was used after it was given away, given back twice, or never given back; or two threads used one queue at
/// once.
/// </summary>
public sealed class PacketMisuseException(string message) : InvalidOperationException(message);
