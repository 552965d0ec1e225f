using System.Numerics;

namespace Ixy;

/// <summary>
/// Which fields are hashed (RSS). A packet is hashed by the most specific chosen kind that matches it.
/// </summary>
[Flags]
public enum RssHashTypes
{
    /// <summary>Nothing is hashed: every packet goes to the first queue.</summary>
    None = 0,
    /// <summary>IPv4: both addresses.</summary>
    IPv4 = 1 << 0,
    /// <summary>TCP over IPv4: addresses and ports.</summary>
    TcpIPv4 = 1 << 1,
    /// <summary>
    /// UDP over IPv4: addresses and ports. Fragments of a datagram may go to a different queue than whole ones.
    /// </summary>
    UdpIPv4 = 1 << 2,
    /// <summary>IPv6: both addresses.</summary>
    IPv6 = 1 << 3,
    /// <summary>TCP over IPv6: addresses and ports.</summary>
    TcpIPv6 = 1 << 4,
    /// <summary>UDP over IPv6: addresses and ports.</summary>
    UdpIPv6 = 1 << 5,
    /// <summary>All of the above.</summary>
    All = IPv4 | TcpIPv4 | UdpIPv4 | IPv6 | TcpIPv6 | UdpIPv6,
}

/// <summary>
/// How a card spreads flows over its receive queues: the low bits of the Toeplitz hash of a packet's addresses and
/// ports choose an entry of the indirection table, and that names the queue. (Receive-side scaling; 82599 datasheet
/// 7.1.2.8, virtio 1.2 5.1.6.5.7.) An ixgbe card puts the hash into <see cref="Packet.RssHash"/>.
/// </summary>
public sealed record RssOptions
{
    /// <summary>Bytes of a key.</summary>
    public const int KeyLength = 40;

    /// <summary>Most entries of the table.</summary>
    public const int LongestTable = 128;

    /// <summary>Most queues that packets can be spread over.</summary>
    public const int MostQueues = 16;

    /// <summary>The key of the examples Microsoft published with RSS; other implementations use it as well.</summary>
    public static ReadOnlyMemory<byte> DefaultKey { get; } =
        Convert.FromHexString("6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa");

    /// <summary>
    /// A key that gives both directions of a flow the same hash, and so the same queue: it repeats every 16 bits, so
    /// swapping source and destination makes no difference. (S. Woo, K. Park: "Scalable TCP Session Monitoring with
    /// Symmetric Receive-side Scaling", 2012.) The price: the hash has only 16 independent bits.
    /// </summary>
    public static ReadOnlyMemory<byte> SymmetricKey { get; } =
        Convert.FromHexString(string.Concat(Enumerable.Repeat("6d5a", KeyLength / 2)));

    /// <summary>The hash key, <see cref="KeyLength"/> bytes.</summary>
    public ReadOnlyMemory<byte> Key { get; init; } = DefaultKey;

    /// <summary>
    /// The queue for each value of the hash's low bits: a power of two of entries, up to <see cref="LongestTable"/>,
    /// each a receive queue from 0 to 15. Null: the receive queues in turn, at most the first <see cref="MostQueues"/>.
    /// </summary>
    public IReadOnlyList<int>? IndirectionTable { get; init; }

    /// <summary>What is hashed. Other packets go to the first queue.</summary>
    public RssHashTypes HashTypes { get; init; } = RssHashTypes.All;

    /// <summary>The table with all its entries.</summary>
    internal int[] Table(int receiveQueues)
    {
        var table = IndirectionTable ?? [.. Enumerable.Range(0, Math.Min(receiveQueues, MostQueues))];
        return [.. Enumerable.Range(0, LongestTable).Select(entry => table[entry % table.Count])];
    }

    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    internal void Validate(int receiveQueues)
    {
        Check(Key.Length == KeyLength, nameof(Key), $"an RSS key of {Key.Length} bytes: expected {KeyLength} bytes");
        Check((HashTypes & ~RssHashTypes.All) == 0, nameof(HashTypes),
            $"{HashTypes} is not an RSS hash type: expected some of {RssHashTypes.All}");
        if (IndirectionTable is not { } table) return;
        Check(BitOperations.IsPow2(table.Count) && table.Count <= LongestTable, nameof(IndirectionTable),
            $"an RSS indirection table of {table.Count} entries: expected a power of two up to {LongestTable}");
        int queues = Math.Min(receiveQueues, MostQueues);
        foreach (int queue in table)
            Check(queue >= 0 && queue < queues, nameof(IndirectionTable),
                $"receive queue {queue} in the RSS indirection table: expected 0 to {queues - 1}");
    }

    private static void Check(bool valid, string option, string message)
    {
        if (!valid) throw new ArgumentOutOfRangeException(option, message);
    }
}
