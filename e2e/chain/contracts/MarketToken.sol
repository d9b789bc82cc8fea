// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// A small ERC-20 for the test market. Decimals are free, a share of each
/// transfer can be kept as a fee, and the owner may mint, as rug tokens allow.
contract MarketToken {
    string public name;
    string public symbol;
    uint8 public immutable decimals;
    uint16 public immutable feeBps;
    address public immutable owner;
    uint256 public totalSupply;
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;

    event Transfer(address indexed from, address indexed to, uint256 value);
    event Approval(address indexed owner, address indexed spender, uint256 value);

    constructor(string memory n, string memory s, uint8 d, uint256 supply, uint16 fee) {
        require(fee <= 2500, "fee above 25 %");
        name = n;
        symbol = s;
        decimals = d;
        feeBps = fee;
        owner = msg.sender;
        issue(msg.sender, supply);
    }

    function mint(address to, uint256 value) external {
        require(msg.sender == owner, "not the owner");
        issue(to, value);
    }

    function approve(address spender, uint256 value) external returns (bool) {
        allowance[msg.sender][spender] = value;
        emit Approval(msg.sender, spender, value);
        return true;
    }

    function transfer(address to, uint256 value) external returns (bool) {
        move(msg.sender, to, value);
        return true;
    }

    function transferFrom(address from, address to, uint256 value) external returns (bool) {
        uint256 left = allowance[from][msg.sender];
        if (left != type(uint256).max) {
            allowance[from][msg.sender] = left - value;
        }
        move(from, to, value);
        return true;
    }

    function issue(address to, uint256 value) private {
        totalSupply += value;
        balanceOf[to] += value;
        emit Transfer(address(0), to, value);
    }

    // The owner pays no fee, so that liquidity goes in whole.
    function move(address from, address to, uint256 value) private {
        balanceOf[from] -= value;
        uint256 fee = from == owner || to == owner ? 0 : (value * feeBps) / 10000;
        balanceOf[to] += value - fee;
        emit Transfer(from, to, value - fee);
        if (fee > 0) {
            balanceOf[owner] += fee;
            emit Transfer(from, owner, fee);
        }
    }
}
