namespace Ixy;

/// <summary>What can be requested from a device.</summary>
/// <param name="Offloads">The offloads that were enabled.</param>
/// <param name="LongestFrame">Bytes of the longest frame, not counting a VLAN tag.</param>
/// <param name="LongestIpHeader">Bytes of the longest IP header, including extensions, after which the device can
/// compute checksums.</param>
internal readonly record struct TransmitLimits(Offloads Offloads, int LongestFrame, int LongestIpHeader = int.MaxValue);
